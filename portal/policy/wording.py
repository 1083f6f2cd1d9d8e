"""What a rule asks, in words: the command line and the pages say the same."""

from __future__ import annotations

from portal.durations import words
from portal.policy.rules import Route, When


def route_words(route: Route) -> list[tuple[str, str]]:
    """What a route asks of a ticket, name by name; what it has nothing to say of is left out."""
    found = [
        ("why", route.reason),
        ("approvals", approvals_words(route)),
        ("where nobody is left", ", ".join(route.fallback or ())),
        ("duration", longest_words(route)),
        ("renewal", "allowed" if route.renewal else "not allowed"),
        ("lapses", f"{words(route.lapses_after)} after the last word on it"),
        ("recertified", f"every {words(route.recertify_every)}" if route.recertify_every else ""),
        ("told", ", ".join(route.tell)),
    ]
    return [(name, said) for name, said in found if said]


def approvals_words(route: Route) -> str:
    """`1 tenant-owner and 2 group:leads`, or that it is automatic."""
    asked = " and ".join(f"{one.count} {one.from_}" for one in route.approvals)
    if not route.automatic:
        return asked
    until = "" if route.automatic_until is None else f" until {route.automatic_until}, then {asked}"
    return f"none, it is automatic{until}"


def longest_words(route: Route) -> str:
    """`at most 30 days, or no end`."""
    longest = "no limit" if route.longest is None else f"at most {words(route.longest)}"
    return f"{longest}{', or no end' if route.may_stand_without_end else ''}"


def when_words(when: When) -> list[tuple[str, tuple[str, ...]]]:
    """What a rule matches, fact by fact; empty where it matches everything."""
    facts = ("kind", "mode", "application_encryption", "environment", "tenant")
    found = [(name.replace("_", " "), getattr(when, name)) for name in facts]
    return [(name, values) for name, values in found if values is not None]
