"""An hour of what Linkerd's proxies count, as OpenMetrics text for `promtool tsdb create-blocks-from openmetrics`.

Each workload counts evenly, so what a Prometheus makes of it is known beforehand. Labels are those that the scrape job
`linkerd-proxy` of Viz gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

STEP = 15
BEFORE, AFTER = 3720, 1200
BUCKETS = ("1", "2", "3", "4", "5", "10", "20", "50", "100", "+Inf")


@dataclass(frozen=True)
class Traffic:
    """What comes to one workload each second: in all, which share fails and is encrypted, and how long it takes.

    `label` is that of the kind, `k8s_job` of Jobs. It fails in the last `fails_for` seconds; all of it falls into one
    bucket of latencies.
    """

    namespace: str
    label: str
    name: str
    rate: float = 10.0
    failing: float = 0.0
    meshed: float = 1.0
    bucket: str = "10"
    fails_for: int = BEFORE

    def series(self, now: int) -> Iterator[tuple[str, str, float, int]]:
        """Name, labels, growth a second, and since when, of each of its series."""
        for classification, share, since in self._ends(now):
            for tls, part in (("true", self.meshed), ("no_identity", 1 - self.meshed)):
                labels = self._labels(classification=classification, tls=tls)
                if part:
                    yield "response_total", labels, self.rate * share * part, since
        for le in BUCKETS:
            grows = self.rate if BUCKETS.index(le) >= BUCKETS.index(self.bucket) else 0.0
            yield "response_latency_ms_bucket", self._labels(le=le), grows, now - BEFORE

    def _ends(self, now: int) -> Iterator[tuple[str, float, int]]:
        yield "success", 1 - self.failing, now - BEFORE
        if self.failing:
            yield "failure", self.failing, now - self.fails_for

    def _labels(self, **more: str) -> str:
        own = {"namespace": self.namespace, self.label: self.name, "pod": f"{self.name}-0", "direction": "inbound"}
        return ",".join(f'{name}="{value}"' for name, value in {**own, **more}.items())


WORLD = (
    Traffic("emojivoto", "deployment", "emoji", rate=20.0, failing=0.25, fails_for=600, bucket="50"),
    Traffic("emojivoto", "deployment", "web", rate=4.0, meshed=0.5),
    Traffic("emojivoto", "statefulset", "ledger", rate=0.0),
    Traffic("emojivoto", "k8s_job", "migrate", rate=1.0),
    Traffic("bookstore", "deployment", "catalogue", rate=3.0, failing=1.0),
    Traffic("nobodys", "deployment", "hidden"),
)


def openmetrics(world: Iterable[Traffic], now: int) -> Iterator[str]:
    """The lines of an hour before `now`, and of what comes after, so that a slow test still finds samples."""
    found = sorted((one for traffic in world for one in traffic.series(now)), key=lambda one: one[0])
    for name, labels, grows, since in found:
        for at in range(now - BEFORE, now + AFTER, STEP):
            yield f"{name}{{{labels}}} {grows * max(0, at - since):.3f} {at}\n"
    yield "# EOF\n"
