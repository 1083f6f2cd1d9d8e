"""The questions that are put to a Prometheus, and what its series say of workloads. Pure; asking.py puts them.

They are those of Linkerd's own metrics-api (viz/metrics-api/stat_summary.go), for all kinds of workloads at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from workers.topline.prometheus import Series

# A pod's label says who owns it; Prometheus has a label `job` of its own.
KINDS = {
    "deployment": "deployment",
    "statefulset": "statefulset",
    "daemonset": "daemonset",
    "cronjob": "cronjob",
    "k8s_job": "job",
    "replicaset": "replicaset",
    "replicationcontroller": "replicationcontroller",
}
QUANTILES = {"0.5": "p50", "0.95": "p95", "0.99": "p99"}
_OWNERS = ", ".join(KINDS)
_LONGEST_NAME = 253

Key = tuple[str, str, str]
"""Namespace, kind and name of a workload."""


@dataclass
class Minute:
    """What was counted up to one minute, a second."""

    total: float = 0.0
    succeeded: float = 0.0
    meshed: float = 0.0

    @property
    def success(self) -> float | None:
        """The share that succeeded; None where nothing came."""
        return min(1.0, self.succeeded / self.total) if self.total else None

    @property
    def encrypted(self) -> float | None:
        """The share that came by mutual TLS; None where nothing came."""
        return min(1.0, self.meshed / self.total) if self.total else None


@dataclass
class Figures:
    """One workload: its minutes (since 1970), and its latencies in milliseconds at the last."""

    minutes: dict[int, Minute] = field(default_factory=lambda: defaultdict(Minute))
    latencies: dict[str, float | None] = field(default_factory=dict)


def requests_query(namespaces: Sequence[str], window: int) -> str:
    """Requests that came to each workload within the window, by how they ended and whether they were encrypted."""
    counted = f"increase(response_total{_inbound(namespaces)}[{window}s])"
    return f"sum({counted}) by (namespace, {_OWNERS}, classification, tls)"


def latency_query(namespaces: Sequence[str], window: int) -> str:
    """The quantiles of each workload, told apart by the label `quantile`."""
    buckets = f"irate(response_latency_ms_bucket{_inbound(namespaces)}[{window}s])"
    summed = f"sum({buckets}) by (le, namespace, {_OWNERS})"
    asked = (f'label_replace(histogram_quantile({one}, {summed}), "quantile", "{one}", "", "")' for one in QUANTILES)
    return " or ".join(asked)


def _inbound(namespaces: Sequence[str]) -> str:
    # Names of namespaces are DNS labels: nothing in them means anything to a regular expression.
    return f'{{direction="inbound", namespace=~"{"|".join(namespaces)}"}}'


def figures_of(
    counted: Iterable[Series], latencies: Iterable[Series], namespaces: Iterable[str], window: int
) -> dict[Key, Figures]:
    """What the answers say of each workload of these namespaces; whatever else they name is left out."""
    asked, found = frozenset(namespaces), defaultdict[Key, Figures](Figures)
    for series, key in _known(counted, asked):
        for at, value in series.values:
            _count(found[key].minutes[int(at) // 60], series, (value or 0.0) / window)
    for series, key in _known(latencies, asked):
        name = QUANTILES.get(series.labels.get("quantile", ""))
        if name is not None and key in found:
            found[key].latencies[name] = series.values[-1][1]
    return dict(found)


def _known(answer: Iterable[Series], asked: frozenset[str]) -> Iterable[tuple[Series, Key]]:
    for series in answer:
        key = _key(series)
        if key is not None and key[0] in asked and series.values:
            yield series, key


def _key(series: Series) -> Key | None:
    """Whose it is; None for pods that no workload owns, and for what is no name."""
    labels = series.labels
    for label, kind in KINDS.items():
        name = labels.get(label)
        if name:
            return (labels.get("namespace", ""), kind, name) if len(name) <= _LONGEST_NAME else None
    return None


def _count(minute: Minute, series: Series, rate: float) -> None:
    minute.total += rate
    minute.succeeded += rate if series.labels.get("classification") == "success" else 0.0
    minute.meshed += rate if series.labels.get("tls") == "true" else 0.0
