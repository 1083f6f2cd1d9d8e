"""What a ticket asks in a line, as pages and lists say it: `Skip 8080, 9000-9010 on emoji, voting`. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from portal.kinds.registry import kind_named

MOST_NAMED = 3
_LISTS = ("workloads", "namespaces", "jobs")


def headline(kind: str, fields: Mapping[str, Any]) -> str:
    """The line for a ticket of this kind; of one that is not known here its title and whom it is about."""
    say = _SAID.get(kind)
    if say is not None:
        return say(fields)
    listed: Sequence[str] = next((fields[name] for name in _LISTS if name in fields), ())
    return f"{kind_named(kind).title} for {several(listed)}" if listed else kind_named(kind).title


def several(names: Sequence[str]) -> str:
    """`emoji, voting and 4 more`: names without the kinds of their workloads."""
    plain = [name.rpartition("/")[2] for name in names]
    more = len(plain) - MOST_NAMED
    return f"{', '.join(plain[:MOST_NAMED])} and {more} more" if more > 0 else ", ".join(plain)


def _exception(fields: Mapping[str, Any]) -> str:
    whom = several(fields["workloads"])
    if fields["mode"] == "disable-injection":
        return f"Run {whom} without the proxy"
    ports = [fields[name] for name in ("inbound", "outbound") if fields[name]]
    return f"Skip {_short(', '.join(ports))} on {whom}"


def _short(ports: str) -> str:
    spans = ports.replace(", ", ",").split(",")
    more = len(spans) - 2 * MOST_NAMED
    return f"{', '.join(spans[: 2 * MOST_NAMED])} and {more} more" if more > 0 else ", ".join(spans)


def _jobs(fields: Mapping[str, Any]) -> str:
    return f"Let {several(fields['jobs'])} end ({fields['way'].replace('-', ' ')})"


_SAID: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "encryption-exception": _exception,
    "job-completion": _jobs,
    "debug-sidecar": lambda fields: f"Debug container in {several(fields['workloads'])}",
    "viz-enablement": lambda fields: f"Linkerd Viz for {several(fields['namespaces'])}",
    "control-plane-egress": lambda fields: f"Control plane egress for {several(fields['namespaces'])}",
    "generic": lambda fields: str(fields["title"]),
}
