"""One namespace as posture reads it: pods are counted and let go page by page, workloads reduced to what they weaken.

What is kept grows with the workloads of the one namespace that is being read, not with pods nor with the cluster.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from portal.errors import Gone
from portal.mesh.holes_of_pods import Tally
from portal.mesh.holes_of_template import Sight, sight_of
from portal.mesh.weaknesses import Yardstick
from portal.mesh.workloads import WorkloadRef
from workers.cluster.ownership import controller_of
from workers.cluster.protocol import Cluster, Object

# Kind in lower case, and name.
Key = tuple[str, str]
_TEMPLATES = (
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "CronJob"),
)
_HASH = "pod-template-hash"
_ENDED = ("Complete", "Failed")


class Reading:
    """The workloads of a namespace after `read`: what their templates and their pods show.

    `still` is called for every object, so that a long reading can keep its claim.
    """

    def __init__(
        self, cluster: Cluster, namespace: Object, yard: Yardstick, still: Callable[[], None] = lambda: None
    ) -> None:
        self._cluster, self._namespace, self._yard, self._still = cluster, namespace, yard, still
        self._name: str = namespace["metadata"]["name"]
        self._hashes: dict[Key, str] = {}
        self.tallies: dict[Key, Tally] = defaultdict(Tally)
        self.sights: dict[Key, Sight] = {}

    def read(self) -> None:
        """Read it. A namespace that is no longer there has nothing in it; raises what the cluster raises."""
        # Pods first: a ReplicaSet that is made between the two calls would be unknown while its pods are seen.
        self._pods()
        self._replica_sets()
        self._jobs()
        for api_version, kind in _TEMPLATES:
            for obj in self._objects(api_version, kind):
                self._see(obj)

    def workloads(self) -> Iterator[tuple[Key, Sight | None, Tally]]:
        """Each workload, in order; the sight is None where its kind has no template that Meshdesk reads."""
        counted = {key for key, tally in self.tallies.items() if tally.pods}
        for key in sorted(counted | self.sights.keys()):
            yield key, self.sights.get(key), self.tallies.get(key) or Tally()

    def _objects(self, api_version: str, kind: str) -> Iterator[Object]:
        for obj in self._cluster.objects(api_version, kind, self._name):
            self._still()
            yield obj

    def _pods(self) -> None:
        for pod in self._objects("v1", "Pod"):
            owner = controller_of(pod)
            key = ("pod", str(pod["metadata"]["name"])) if owner is None else _key(owner)
            self.tallies[key].add(pod, self._namespace, self._yard)
            if owner is None and self.tallies[key].pods:
                self._see(pod)
            if template_hash := (pod["metadata"].get("labels") or {}).get(_HASH):
                self._hashes[key] = template_hash

    def _replica_sets(self) -> None:
        known = set()
        for obj in self._cluster.metadata("replicaset", self._name):
            self._still()
            key, owner = ("replicaset", str(obj["metadata"]["name"])), controller_of(obj)
            known.add(key)
            if owner is not None:
                self._give(key, _key(owner))
            else:
                self._see_replica_set(key)
        # It may be gone before its last pods; its name still tells the Deployment's.
        for key in [one for one in self.tallies if one[0] == "replicaset" and one not in known]:
            if (template_hash := self._hashes.get(key)) and key[1].endswith(f"-{template_hash}"):
                self._give(key, ("deployment", key[1].removesuffix(f"-{template_hash}")))

    def _see_replica_set(self, key: Key) -> None:
        try:
            self._see(self._cluster.workload(WorkloadRef(key[0], self._name, key[1])))
        except Gone:
            return

    def _jobs(self) -> None:
        for obj in self._objects("batch/v1", "Job"):
            key, owner = ("job", str(obj["metadata"]["name"])), controller_of(obj)
            if owner is not None:
                self._give(key, _key(owner))
            elif key in self.tallies or not _has_ended(obj):
                self._see(obj)

    def _see(self, obj: Object) -> None:
        key = (str(obj["kind"]).lower(), str(obj["metadata"]["name"]))
        self.sights[key] = sight_of(obj, self._namespace, self._yard)

    def _give(self, key: Key, owner: Key) -> None:
        if (tally := self.tallies.pop(key, None)) is not None:
            self.tallies[owner].merge(tally)


def _key(owner: Object) -> Key:
    return str(owner["kind"]).lower(), str(owner["name"])


def _has_ended(job: Object) -> bool:
    conditions: list[dict[str, Any]] = (job.get("status") or {}).get("conditions") or []
    return any(one.get("type") in _ENDED and one.get("status") == "True" for one in conditions)
