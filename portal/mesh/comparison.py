"""What differs between the pods of a workload then and now, in words, for evidence and the ticket's page. Pure.

Pods come as `PodFacts.to_json` keeps them in evidence, also in that of earlier versions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from portal.mesh.annotations import SKIP_INBOUND, SKIP_OUTBOUND
from portal.mesh.workloads import PROXY_CONTAINER

Pod = Mapping[str, Any]
_DIRECTIONS = ("inbound", "outbound")
# Told by what they do: the proxy's version, the skipped ports, which authority is trusted.
_TOLD_OTHERWISE = frozenset({SKIP_INBOUND, SKIP_OUTBOUND, "linkerd.io/proxy-version", "linkerd.io/created-by"})
_LONGEST = 80


def differences(before: Sequence[Pod], after: Sequence[Pod]) -> list[str] | None:
    """What is other than before, a clause each; [] says that it is as it was, None that there is nothing to compare."""
    then, now = _running(before), _running(after)
    if not then or not now:
        return None
    return [*_proxy(then, now), *_containers(then, now), *_skips(then, now), *_version(then, now), *_notes(then, now)]


def _running(pods: Iterable[Pod]) -> list[Pod]:
    return [pod for pod in pods if not pod.get("finished")]


def _proxy(then: list[Pod], now: list[Pod]) -> Iterator[str]:
    was, is_ = (_shares(pods) for pods in (then, now))
    if was != is_:
        yield {"all": "the pods run with the proxy", "none": "the pods run without the proxy"}.get(
            is_, "some pods run with the proxy, some without"
        )


def _shares(pods: list[Pod]) -> str:
    meshed = {bool(pod.get("meshed")) for pod in pods}
    return "some" if len(meshed) > 1 else "all" if True in meshed else "none"


def _containers(then: list[Pod], now: list[Pod]) -> Iterator[str]:
    was, is_ = (_names(pods) - {PROXY_CONTAINER} for pods in (then, now))
    yield from (f"{name} is new" for name in sorted(is_ - was))
    yield from (f"{name} is gone" for name in sorted(was - is_))


def _names(pods: list[Pod]) -> set[str]:
    return {name for pod in pods for name in pod.get("containers") or ()}


def _skips(then: list[Pod], now: list[Pod]) -> Iterator[str]:
    # Evidence of before Meshdesk kept the arguments is compared by the lists without the proxy's own ports.
    whole = all("skip_arguments" in pod for pod in (*then, *now))
    for direction in _DIRECTIONS:
        skipped = partial(_skipped, direction=direction, whole=whole)
        was, is_ = (_values(_meshed(pods), skipped) for pods in (then, now))
        # Without the proxy nothing is skipped, for nothing goes through it.
        if was and is_ and was != is_:
            yield f"{direction} now skips {_text(is_)} (before: {_text(was)})"


def _meshed(pods: list[Pod]) -> list[Pod]:
    return [pod for pod in pods if pod.get("meshed")]


def _skipped(pod: Pod, *, direction: str, whole: bool) -> str | None:
    """The ports as the init container was told them, with the proxy's own; else as the pod's annotation says."""
    told = (pod.get("skip_arguments") or {}).get(direction) if whole else None
    found = pod.get(f"skip_{direction}") if told is None else told
    return None if found is None else str(found) or "nothing"


def _version(then: list[Pod], now: list[Pod]) -> Iterator[str]:
    was, is_ = (_values(_meshed(pods), lambda pod: pod.get("proxy_version")) for pods in (then, now))
    if was and is_ and was != is_:
        yield f"the proxy is {_text(is_)} now (before: {_text(was)})"


def _notes(then: list[Pod], now: list[Pod]) -> Iterator[str]:
    keys = {key for pod in (*then, *now) for key in pod.get("annotations") or {}} - _TOLD_OTHERWISE
    for key in sorted(keys):
        was, is_ = (_values(pods, partial(_annotation, key=key)) for pods in (then, now))
        if was != is_:
            yield f"annotation {key} is {_text(is_)} now (before: {_text(was)})" if is_ else f"annotation {key} is gone"


def _annotation(pod: Pod, *, key: str) -> str | None:
    return (pod.get("annotations") or {}).get(key)


def _values(pods: list[Pod], value: Callable[[Pod], Any]) -> tuple[str, ...]:
    return tuple(sorted({str(found) for pod in pods if (found := value(pod)) is not None}))


def _text(values: tuple[str, ...]) -> str:
    text = " or ".join(values) or "not set"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
