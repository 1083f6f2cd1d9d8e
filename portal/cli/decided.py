"""What was decided on a ticket, for its page: who must approve, who did and as what, and what was granted."""

from __future__ import annotations

from typing import Any

from portal.cli.output import instant, paint, table
from portal.cli.words import time_text
from portal.wording import field_text

Ticket = dict[str, Any]


def approvals_text(ticket: Ticket) -> str:
    """Who must approve a ticket or a preview, and on whom it still waits."""
    if ticket.get("break_glass"):
        return "none: the glass was broken"
    if ticket["automatic"]:
        return "by the policy, no person needed"
    asked = [f"{one['count']} {one['from']}" for one in ticket["approvals"]]
    waiting = [f"{one['group']} ({_people(one)})" for one in ticket["waiting_for"]]
    return " and ".join(asked) + (f"; waits for {' and '.join(waiting)}" if waiting else "")


def _people(need: dict[str, Any]) -> str:
    instead = need["fallback"]
    if instead is None:
        return ", ".join(need["people"]) or "nobody has this role"
    return "; ".join([*need["people"], f"{instead['why']}: {', '.join(instead['people'])}"])


def trimmed(ticket: Ticket) -> str:
    """What was asked beside what was granted, where that is less."""
    if ticket["asked"] is None:
        return ""
    asked, granted = ticket["asked"], ticket["granted"]
    differing = [name for name, value in asked["fields"].items() if granted["fields"][name] != value]
    rows = [
        (*field_text(name, asked["fields"][name]), field_text(name, granted["fields"][name])[1]) for name in differing
    ]
    if asked["duration"] != granted["duration"]:
        rows.append(("time", time_text(asked["duration"]), time_text(granted["duration"])))
    return "Less was granted than was asked\n" + table(("", "ASKED", "GRANTED"), rows).rstrip()


def decisions(ticket: Ticket) -> str:
    """Who decided what, as what, and why."""
    lines = [
        f"  {instant(one['at'])}  {one['who']} ({_as_what(one)}): {one['decision']}"
        + (f", {one['note']}" if one["note"] else "")
        + (paint(f" (counts no more: {one['void']})", "yellow") if one["void"] else "")
        for one in ticket["decisions"]
    ]
    return "\n".join(["Decisions", *lines]) if lines else ""


def _as_what(decision: dict[str, Any]) -> str:
    told = [", ".join(decision["roles"])]
    told += [f"for {decision['stood_in_for']}, who was away"] if decision["stood_in_for"] else []
    told += [f"in the place of a {decision['fallback_for']}"] if decision["fallback_for"] else []
    return "; ".join(told)


def conditions(ticket: Ticket) -> str:
    """What approvals ask for while the ticket lives."""
    lines = [f"  {one['text']} ({one['by']})" for one in ticket["conditions"]]
    return "\n".join(["Conditions, for as long as it lives", *lines]) if lines else ""
