"""What random schedules ask for: one entry a kind, each a list of requests that meet on few workloads and ports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import Any

from hypothesis import strategies as st

from portal.tickets.asking import Ask
from tests import world
from tests.workers.theatre import CATALOGUE, EMOJI, LEDGER, NAMESPACES, REPORT

# Few, so that tickets want the same; none of them an owner ever writes.
PORTS = ("7001", "7002", "7001,7003", "7002-7004")
OURS = frozenset(range(7001, 7005))
LONG = timedelta(minutes=30)
EMOJIVOTO = tuple(str(ref) for ref in (EMOJI, LEDGER, REPORT))
PLACES = {"emojivoto": EMOJIVOTO, "books": (str(CATALOGUE),)}
ROLLING = {"emojivoto": EMOJIVOTO[:2], "books": PLACES["books"]}


@dataclass(frozen=True)
class Request:
    """One request, without what it renews."""

    kind: str
    namespace: str | None
    fields: dict[str, Any]
    duration: timedelta | None = LONG

    def ask(self, renews: int | None = None) -> Ask:
        """As the verbs take it."""
        before = None if renews is None else f"MD-{renews}"
        return Ask(self.kind, "practice", self.namespace, "a schedule", self.duration, dict(self.fields), before)


def _some(names: Sequence[str]) -> list[list[str]]:
    """Each alone, and all."""
    return [*([name] for name in names), *([list(names)] if len(names) > 1 else [])]


def _skip_ports() -> Iterator[Request]:
    for place, names in PLACES.items():
        for workloads, ports, side in product(_some(names), PORTS, ("inbound", "outbound")):
            lists = {"inbound": "", "outbound": "", side: ports}
            yield Request("encryption-exception", place, world.exception(workloads=workloads, **lists))


def _no_proxy() -> Iterator[Request]:
    for place, names in PLACES.items():
        for workloads in _some(names):
            fields = world.exception(workloads=workloads, inbound="", mode="disable-injection")
            yield Request("encryption-exception", place, fields)


def _debug() -> Iterator[Request]:
    for place, names in ROLLING.items():
        yield from (Request("debug-sidecar", place, {"workloads": workloads}) for workloads in _some(names))


def _egress() -> Iterator[Request]:
    for namespaces, if_alone, dns in product(_some(NAMESPACES), ("refuse", "allow-everything-else"), (True, False)):
        fields = {"namespaces": namespaces, "if_alone": if_alone, "dns": dns}
        yield Request("control-plane-egress", None, fields, None)


def _jobs() -> Iterator[Request]:
    said = world.exception()["application_encryption"]
    ways: list[dict[str, Any]] = [
        {"way": "native-sidecar"},
        {"way": "shutdown", "variant": "curl"},
        {"way": "no-proxy", "calls": [], "application_encryption": said},
    ]
    yield from (Request("job-completion", "emojivoto", {"jobs": [str(REPORT)], **way}) for way in ways)


def _viz() -> Iterator[Request]:
    for namespaces, who in product(_some(NAMESPACES), ("ada", "grace")):
        fields = {"namespaces": namespaces, "subjects": [{"kind": "User", "name": f"{who}@example.com"}]}
        yield Request("viz-enablement", None, fields)


REQUESTS: dict[str, list[Request]] = {
    "skip-ports": list(_skip_ports()),
    "disable-injection": list(_no_proxy()),
    "debug-sidecar": list(_debug()),
    "control-plane-egress": list(_egress()),
    "job-completion": list(_jobs()),
    "viz-enablement": list(_viz()),
}
requests = st.sampled_from(list(REQUESTS)).flatmap(lambda kind: st.sampled_from(REQUESTS[kind]))
