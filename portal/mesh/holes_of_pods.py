"""The pods of a workload, added up one by one as they are read: nothing of a pod is kept but counts. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.mesh.holes import WITHOUT_PROXY, Code
from portal.mesh.pods import PROXY_VERSION
from portal.mesh.weakness import Weakness
from portal.mesh.weaknesses import REQUIRE_IDENTITY, Yardstick, annotations_of, of_pod

FINISHED = ("Succeeded", "Failed")


@dataclass
class Tally:
    """How many pods that are not finished there are, how many have a proxy, and how many show each weakness."""

    pods: int = 0
    meshed: int = 0
    shown: Counter[Weakness] = field(default_factory=Counter)
    codes: Counter[Code] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    identity: Counter[str] = field(default_factory=Counter)

    def add(self, pod: Mapping[str, Any], namespace: Mapping[str, Any], yard: Yardstick) -> None:
        """Count a pod; a finished one runs nothing that could be open."""
        if (pod.get("status") or {}).get("phase") in FINISHED:
            return
        found, own = of_pod(pod, namespace, yard), annotations_of(pod)
        meshed = not any(one.code in WITHOUT_PROXY for one in found)
        self.pods, self.meshed = self.pods + 1, self.meshed + meshed
        self.shown.update(found)
        self.codes.update({one.code for one in found})
        if meshed:
            self.versions[own.get(PROXY_VERSION, "unknown")] += 1
            self.identity[own.get(REQUIRE_IDENTITY, "")] += 1

    def merge(self, other: Tally) -> None:
        """Take in what was counted elsewhere: of another ReplicaSet of the same Deployment."""
        self.pods, self.meshed = self.pods + other.pods, self.meshed + other.meshed
        for mine, more in (
            (self.shown, other.shown),
            (self.codes, other.codes),
            (self.versions, other.versions),
            (self.identity, other.identity),
        ):
            mine.update(more)  # type: ignore[arg-type]
