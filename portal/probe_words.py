"""What a probe came to, in words that pages and the command line share. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

WEIGHTS = {"contradicted": "blocking", "verified": "info"}


MOST_SHOWN = 4


def _few(names: Sequence[str]) -> str:
    """The first names; all of them are in the evidence."""
    more = len(names) - MOST_SHOWN
    return ", ".join(names[:MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


def weight_of(result: str) -> str:
    """How a result weighs, as a finding's severity: what the probe cannot tell is a warning."""
    return WEIGHTS.get(result, "warning")


def place_text(port: Mapping[str, Any]) -> str:
    """`inbound 8080 (pod emoji-1)`: which port was tried, and where."""
    tried = " ".join(part for part in (port["direction"], port["ports"]) if part)
    return f"{tried} ({port['where']})" if port["where"] else tried


def certificate_text(port: Mapping[str, Any], seen_at: datetime) -> str:
    """Whose the certificate is, who issued it, and when it ends; empty where none was shown."""
    shown = (port["tls"] or {}).get("certificate")
    if not shown:
        return ""
    names = f" for {_few(shown['names'])}" if shown["names"] else ""
    ends = datetime.fromisoformat(shown["ends"])
    over = ", which was over when it was probed" if ends <= seen_at else ""
    whose = f"Certificate of {shown['subject'] or 'no name'}{names}, from {shown['issuer'] or 'nobody'}"
    return f"{whose}, ends {ends:%Y-%m-%d %H:%M} UTC{over}."
