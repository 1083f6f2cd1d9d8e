"""Posture's sentences: what a hole is in fact, what it means and what to do. `holes.words` calls both. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from portal.mesh.holes import WITHOUT_PROXY, Code

Detail = Mapping[str, Any]

_OPEN = "What they send and receive is not encrypted by the mesh. "
_ASK = "Ask for an exception, or "
_MEANINGS = {
    Code.UNMESHED: _OPEN + _ASK + "have them injected and restarted.",
    Code.HOST_NETWORK: _OPEN + _ASK + "take hostNetwork out of the pod template.",
    Code.DECOY: _OPEN + "Rename or remove that container, so that the injector adds the real one.",
    Code.WEBHOOK_OFF: _OPEN + "Remove the label and restart the pods.",
    Code.SKIP_INBOUND: "Whoever calls these ports is neither encrypted nor checked by the mesh. "
    + _ASK
    + "take the ports off the list.",
    Code.SKIP_OUTBOUND: "What is sent to these ports is not encrypted by the mesh. "
    + _ASK
    + "take the ports off the list.",
    Code.SKIP_SUBNETS: "Whoever calls from there is neither encrypted nor checked, on every port. "
    "Remove the annotation, or ask for the ports that are needed.",
    Code.PROXY_USER: "All that this user sends goes past the proxy. Give the application a user of its own.",
    Code.PROXY_ENVIRONMENT: "It can switch off what the proxy checks. Remove it, or have an operator look at it.",
    Code.PROXY_IMAGE: "What this proxy does nobody of the platform has tested. Remove the annotation and restart.",
    Code.PROXY_PORTS: "Traffic can reach the application past the mesh's rules. Remove the annotation and restart.",
    Code.WEAKER_POLICY: "The application can be called by more than the platform lets in by default. "
    "Remove the annotation, or authorize the callers by name.",
    Code.DEBUG: "It writes the packets that it sees to the pod's log. " + _ASK + "remove the annotation and restart.",
    Code.TAP_LEFT: "The pod listens for taps that nobody can make. It ends with the next restart; no ticket is needed.",
    Code.STALE_ROOT: "When the old trust root is taken away, nobody can talk to these pods. Restart them before that.",
    Code.OLD_PROXY: "It lacks what newer proxies mend. Restart the pods; no ticket is needed.",
}


def fact(code: Code, detail: Detail) -> str:
    """What is so, in one sentence or a few."""
    said = [f"{_FACTS[code](detail)}."]
    if detail.get("before"):
        said.append("What new pods would get is mended already: these run as before until they are restarted.")
    if detail.get("left"):
        said.append(f"No live ticket explains {detail['left']}.")
    if detail.get("open"):
        some = detail["open"] < detail.get("workloads", 0)
        said.append(f"No live ticket explains {detail['open']} of them." if some else "No live ticket explains it.")
    if detail.get("ours"):
        said.append("Meshdesk wrote it, and no live ticket asks for it.")
    return " ".join(said).strip()


def meaning(code: Code, detail: Detail) -> str:
    """What it means and what to do."""
    if code in WITHOUT_PROXY and detail.get("before"):
        return _OPEN + "Restart the pods."
    return _MEANINGS[code]


def _where(detail: Detail) -> str:
    if "workloads" in detail:
        named = ", ".join(detail.get("named") or [])
        more = detail["workloads"] - len(detail.get("named") or [])
        listed = f" ({named}{f' and {more} more' if more > 0 else ''})" if named else ""
        return f"in {_count(detail['workloads'], 'workload', 'workloads')} by the namespace{listed}"
    shown, total = detail.get("pods", 0), detail.get("of", 0)
    if not total:
        return "in its pod template (no pod runs now)"
    if shown >= total:
        return "in its only pod" if total == 1 else f"in all {total} pods"
    return f"in {shown} of {total} pods"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _values(detail: Detail) -> list[tuple[str, str]]:
    return [(str(what), str(value)) for what, value in detail.get("values") or []]


def _annotations(detail: Detail) -> str:
    said = " and ".join(f'{what} is "{value}"' for what, value in _values(detail))
    return f"{said} {_where(detail)}"


def _without_proxy(detail: Detail) -> str:
    why = "; ".join(value for _, value in _values(detail))
    return f"No proxy {_where(detail)}: {why}" if why else f"No proxy {_where(detail)}"


def _skips(direction: str) -> Callable[[Detail], str]:
    def told(detail: Detail) -> str:
        unread = [f'"{text}", which is no list of ports' for text in detail.get("unread") or []]
        lists = ", ".join([*filter(None, [detail.get("ports", "")]), *unread])
        return f"Past the proxy go {direction} {lists} {_where(detail)}"

    return told


def _user(detail: Detail) -> str:
    own = [
        f"container {what} runs as user {value}, the proxy's own" for what, value in _values(detail) if "/" not in what
    ]
    keys = [f'{what} is "{value}"' for what, value in _values(detail) if "/" in what]
    text = " and ".join([*keys, *own])
    return f"{text[:1].upper()}{text[1:]} {_where(detail)}" if own and not keys else f"{text} {_where(detail)}"


def _policy(detail: Detail) -> str:
    said = [
        f"ports {value} no longer require an identity" if what.endswith("inbound-ports") else f'{what} is "{value}"'
        for what, value in _values(detail)
    ]
    expected = f"; the control plane's is {detail['expected']}" if detail.get("expected") else ""
    text = " and ".join(said)
    return f"{text[:1].upper() if text.startswith('ports') else text[:1]}{text[1:]} {_where(detail)}{expected}"


def _debug(detail: Detail) -> str:
    return f"A debug container is {_where(detail)}"


def _tap(detail: Detail) -> str:
    why = "; ".join(value for _, value in _values(detail))
    return f"What Viz needed to tap was left {_where(detail)}{f': {why}' if why else ''}"


def _stale(detail: Detail) -> str:
    return f"An older trust root than the cluster's is {_where(detail)}"


def _old(detail: Detail) -> str:
    versions = " and ".join(value for _, value in _values(detail))
    return f"Proxy {versions} runs {_where(detail)}; the control plane has {detail.get('expected') or 'another'}"


_FACTS: dict[Code, Callable[[Detail], str]] = {
    **dict.fromkeys(WITHOUT_PROXY, _without_proxy),
    Code.SKIP_INBOUND: _skips("inbound"),
    Code.SKIP_OUTBOUND: _skips("outbound"),
    **dict.fromkeys((Code.SKIP_SUBNETS, Code.PROXY_ENVIRONMENT, Code.PROXY_IMAGE, Code.PROXY_PORTS), _annotations),
    Code.PROXY_USER: _user,
    Code.WEAKER_POLICY: _policy,
    Code.DEBUG: _debug,
    Code.TAP_LEFT: _tap,
    Code.STALE_ROOT: _stale,
    Code.OLD_PROXY: _old,
}
