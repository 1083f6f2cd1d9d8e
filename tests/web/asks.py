"""What is typed into the form of each kind, and the `fields` of the request that comes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests import world
from tests.api.desk import Desk, said
from tests.web.ask_forms import EXCEPTION

KIND = "encryption-exception"
SOON = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT%H:%M}"
ASKS: dict[str, dict[str, Any]] = {
    KIND: EXCEPTION,
    "debug-sidecar": {
        "cluster": "practice",
        "namespace": "emojivoto",
        "workload": "deployment/web",
        "duration": "other",
        "length": "1h30m",
        "reason": "who talks to it",
        "starts_at": SOON,
        "restart_from": "22:00",
        "restart_until": "04:00",
        "restart_days": ["mon", "sun"],
    },
    "viz-enablement": {
        "cluster": "practice",
        "namespace": "emojivoto",
        "user": "member@example.com\r\n",
        "group": "sre\r\nleads",
        "restart": "yes",
        "duration": "PT1H",
        "reason": "why it is slow",
    },
    "control-plane-egress": {
        "cluster": "practice",
        "namespace": "emojivoto",
        "dns": "no",
        "peers": "yes",
        "if_alone": "allow-everything-else",
        "duration": "none",
        "reason": "egress is closed",
    },
    "job-completion": {
        "cluster": "practice",
        "namespace": "emojivoto",
        "workload": "cronjob/report",
        "way": "no-proxy",
        "calls_nothing": "yes",
        "encrypted": "no",
        "how": "it sends nothing secret",
        "duration": "P7D",
        "reason": "runs pile up",
    },
    "generic": {"title": "A console", "text": "Read-only.", "reason": "the audit"},
}
FIELDS: dict[str, dict[str, Any]] = {
    KIND: {**world.exception(), "application_encryption": {"encrypted": True, "how": "TLS 1.3 in the server"}},
    "debug-sidecar": {"workloads": ["deployment/web"]},
    "viz-enablement": {
        "namespaces": ["emojivoto"],
        "subjects": [
            {"kind": "Group", "name": "leads"},
            {"kind": "Group", "name": "sre"},
            {"kind": "User", "name": "member@example.com"},
        ],
        "restart": True,
    },
    "control-plane-egress": {
        "namespaces": ["emojivoto"],
        "pods": "injected",
        "dns": False,
        "node_local_dns": False,
        "peers": True,
        "if_alone": "allow-everything-else",
    },
    "job-completion": {
        "jobs": ["cronjob/report"],
        "way": "no-proxy",
        "variant": None,
        "calls": [],
        "application_encryption": {"encrypted": False, "how": "it sends nothing secret"},
    },
    "generic": {"title": "A console", "text": "Read-only."},
}


def tickets(desk: Desk, who: str = "member") -> list[dict[str, Any]]:
    """What somebody sees in the list, newest first."""
    found: list[dict[str, Any]] = said(desk.get("tickets", who))["items"]
    return found
