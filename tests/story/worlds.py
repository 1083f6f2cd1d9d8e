"""The clusters that stories run on, seen as their owners see them: a practice cluster, or the real control plane."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.mesh.annotations import MARK
from portal.mesh.pods import PodFacts, pod_facts
from portal.mesh.workloads import DEBUG_CONTAINER, WorkloadRef, template_annotations
from tests.contract.worlds import PracticeWorld, World, settled, template, workload

# One a story where sharing would interfere; the number is how many pods it has.
OF_THEIR_OWN = {"busy": 2, "guarded": 1, "far": 2, "slow": 2, "lost": 1, "shared": 2, "renewed": 1, "debugged": 2}
DEPLOYMENTS = {"emoji": 3, "voting": 2, "web": 2, **OF_THEIR_OWN}


@dataclass(frozen=True)
class Doors:
    """How the product's workers reach the cluster: with all their rights, without `patch`, and when it hangs.

    Inside `frozen` the cluster takes calls and answers none.
    """

    whole: Mapping[str, str]
    limited: Mapping[str, str]
    frozen: Callable[[], AbstractContextManager[None]]


class StoryWorld:
    """Deployments in a namespace of the stories' own, and what their owners see and do there."""

    def __init__(self, world: World, doors: Doors) -> None:
        self.world, self.cluster, self.namespace = world, world.cluster, world.namespace
        self.doors = doors
        for name, replicas in DEPLOYMENTS.items():
            pod = template(name)
            pod["spec"]["containers"][0]["ports"].append({"containerPort": 8801})
            world.create(workload("Deployment", self.ref(f"deployment/{name}"), pod, replicas=replicas))
        with ThreadPoolExecutor(len(DEPLOYMENTS)) as threads:
            list(threads.map(lambda name: settled(self.cluster, self.ref(f"deployment/{name}")), DEPLOYMENTS))

    def ref(self, workload: str) -> WorkloadRef:
        return WorkloadRef.parse(workload, self.namespace)

    def object(self, workload: str) -> dict[str, Any]:
        return self.cluster.workload(self.ref(workload))

    def template(self, workload: str) -> dict[str, str]:
        found = template_annotations(self.object(workload))
        return {key: value for key, value in found.items() if "linkerd.io/" in key}

    def mark(self, workload: str) -> str | None:
        annotations: dict[str, str] = self.object(workload)["metadata"].get("annotations") or {}
        return annotations.get(MARK)

    def _pods(self, workload: str) -> Iterator[PodFacts]:
        for pod in self.cluster.pods(self.object(workload)):
            facts = pod_facts(pod)
            if not facts.finished:
                yield facts

    def skipped_by_pods(self, workload: str) -> set[str | None]:
        return {pod.skip_inbound for pod in self._pods(workload)}

    def meshed_pods(self, workload: str) -> set[bool]:
        return {pod.meshed for pod in self._pods(workload)}

    def debugged_pods(self, workload: str) -> set[bool]:
        return {DEBUG_CONTAINER in pod.containers for pod in self._pods(workload)}

    def pod_uids(self, workload: str) -> set[str]:
        return {pod.uid for pod in self._pods(workload)}

    def edit(self, workload: str, annotations: Mapping[str, str | None], *, version: str | None = None) -> None:
        """Change annotations of the pod template as the workload's owner, who may hold on to a version."""
        held = {"metadata": {"resourceVersion": version}} if version else {}
        self._apply(workload, {**held, "spec": {"template": {"metadata": {"annotations": dict(annotations)}}}})

    def annotate(self, workload: str, annotations: Mapping[str, str | None]) -> None:
        """Change the workload's own annotations as its owner, which rolls nothing."""
        self._apply(workload, {"metadata": {"annotations": dict(annotations)}})

    def _apply(self, workload: str, patch: dict[str, Any]) -> None:
        self.world.apply(self.ref(workload), patch)

    def denied(self, workload: str, message: str) -> AbstractContextManager[None]:
        """Inside, an admission policy denies changes of the workload."""
        return self.world.denied(self.ref(workload), message)

    @contextmanager
    def forbidden(self, workload: str) -> Iterator[Mapping[str, str]]:
        """Inside, who comes by this way may read the workload and not change it."""
        with self.world.forbidden(self.ref(workload)):
            yield self.doors.limited

    def outage(self) -> AbstractContextManager[None]:
        """Inside, the API server is away."""
        return self.world.outage()

    @contextmanager
    def slow(self, workload: str) -> Iterator[None]:
        """Inside, new pods of the workload become ready after two seconds."""
        pace = self.world.pace(ready="2000ms", gone="0ms")
        self._pace(workload, pace)
        try:
            yield
        finally:
            self.world.pace(ready="0ms", gone="0ms")
            self._pace(workload, dict.fromkeys(pace))

    @contextmanager
    def hanging(self, workload: str) -> Iterator[None]:
        """Inside, new pods of the workload never become ready."""
        self._hang(workload, "true")
        try:
            yield
        finally:
            self._hang(workload, None)

    def _hang(self, workload: str, value: str | None) -> None:
        if isinstance(self.world, PracticeWorld):
            self.annotate(workload, {"practice.meshdesk.io/never-ready": value})
        else:
            self.edit(workload, {"meshdesk.test/never-ready": value})

    def _pace(self, workload: str, annotations: Mapping[str, str | None]) -> None:
        if annotations:
            self.edit(workload, annotations)


@contextmanager
def held_file(path: Path) -> Iterator[None]:
    """Inside, somebody has a practice cluster's file to himself: calls of others wait until their timeout."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


REGISTRY = """
clusters:
  - {{name: practice, environment: production}}
people:
  - {{name: member, title: Member}}
  - {{name: member2, title: Another member}}
  - {{name: owner, title: Owner}}
  - {{name: partner, title: Security partner}}
  - {{name: partner2, title: Second security partner}}
  - {{name: operator, title: Operator}}
  - {{name: auditor, title: Auditor}}
  - {{name: outsider, title: Member of another tenant}}
  - {{name: outsider_partner, title: Security partner of another tenant}}
tenants:
  - name: emojis
    title: Emojis
    namespaces: [{{cluster: practice, name: {namespace}}}]
    members: [member, member2]
    owners: [owner]
    security_partners: [partner, partner2]
  - name: books
    title: Books
    namespaces: [{{cluster: practice, name: books}}]
    members: [outsider]
    owners: [outsider]
    security_partners: [outsider_partner]
operators: [operator]
auditors: [auditor]
"""
