"""What a decider should see of a ticket at first sight, as marks in words. Pure."""

from __future__ import annotations

from typing import Any

from portal.mesh.probing.results import Result
from portal.tickets.due import Due

View = dict[str, Any]
DUES = {
    Due.ANSWER: "waits for your answer",
    Due.REVIEW: "broken glass to review",
    Due.RECERTIFY: "to recertify",
    Due.CARRY_OUT: "to carry out",
}


def risks(view: View, due: Due | None = None) -> list[str]:
    """`production`, `not encrypted` and so on: what waits other than a decision first, then what is risky about it."""
    fields, findings = view["fields_"], (view["preflight"] or {}).get("findings", [])
    encryption = fields.get("application_encryption") or {}
    probed = (view["probe"] or {}).get("result")
    said = {
        DUES.get(due, "") if due is not None else "": due in DUES,
        "production": view["environment"] == "production",
        "not encrypted": encryption.get("encrypted") is False,
        "encryption contradicted": probed == Result.CONTRADICTED,
        "no proxy": not {"disable-injection", "no-proxy"}.isdisjoint({fields.get("mode"), fields.get("way")}),
        "no end": view["duration"] is None and view["cluster"] is not None,
        "blocking findings": any(one.get("severity") == "blocking" for one in findings),
    }
    return [words for words, is_so in said.items() if is_so]
