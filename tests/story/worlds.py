"""The clusters that stories run on, seen as their owners see them: a practice cluster, or the real control plane.

`access` is how the product's workers reach it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from portal.mesh.annotations import MARK
from portal.mesh.pods import PodFacts, pod_facts
from portal.mesh.workloads import WorkloadRef, template_annotations
from tests.contract.worlds import PracticeWorld, World, settled, template, workload


class StoryWorld:
    """Deployments emoji, voting and web in a namespace of the story's own, and what their owners see and do there."""

    def __init__(self, world: World, access: dict[str, str]) -> None:
        self.world, self.cluster, self.namespace = world, world.cluster, world.namespace
        self.access = access
        for name, replicas in (("emoji", 3), ("voting", 2), ("web", 2)):
            ref = self.ref(f"deployment/{name}")
            pod = template(name)
            pod["spec"]["containers"][0]["ports"].append({"containerPort": 8801})
            world.create(workload("Deployment", ref, pod, replicas=replicas))
            settled(self.cluster, ref)

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

    def edit(self, workload: str, annotations: dict[str, str | None]) -> None:
        """Change annotations of the pod template as the workload's owner."""
        self._apply(workload, {"spec": {"template": {"metadata": {"annotations": annotations}}}})

    def _apply(self, workload: str, patch: dict[str, Any]) -> None:
        self.world.apply(self.ref(workload), patch)

    @contextmanager
    def slow(self, workload: str) -> Iterator[None]:
        """Inside, new pods of the workload become ready after two seconds."""
        pace = self.world.pace(ready="2000ms", gone="0ms")
        self._annotate(workload, pace)
        yield
        self.world.pace(ready="0ms", gone="0ms")
        self._annotate(workload, dict.fromkeys(pace))

    @contextmanager
    def hanging(self, workload: str) -> Iterator[None]:
        """Inside, new pods of the workload never become ready."""
        self._hang(workload, "true")
        yield
        self._hang(workload, None)

    def _hang(self, workload: str, value: str | None) -> None:
        if isinstance(self.world, PracticeWorld):
            self._apply(workload, {"metadata": {"annotations": {"practice.meshdesk.io/never-ready": value}}})
        else:
            self._annotate(workload, {"meshdesk.test/never-ready": value})

    def _annotate(self, workload: str, annotations: Mapping[str, str | None]) -> None:
        if annotations:
            self.edit(workload, dict(annotations))


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
