"""The kind `debug-sidecar`: Linkerd's debug container in the pods of some workloads, for hours at most.

The registry holds it; everything else knows it as a Kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import chain
from typing import Any

from portal.kinds.base import Asked, Fields, InventoryView, Part, WorkloadKind
from portal.kinds.workloads_field import WorkloadsSchema, workload_list, workload_notes, workload_refs
from portal.mesh.annotations import DEBUG_SIDECAR
from portal.mesh.commands import Command
from portal.mesh.debug import debug_commands, pods_command
from portal.mesh.debug_findings import debug_findings
from portal.mesh.findings import Finding
from portal.mesh.impact import sort_findings, workload_findings
from portal.mesh.want import Want
from portal.mesh.workloads import WorkloadRef

_NEVER_ENDS = (
    "The debug container never ends, so the Job would never complete: run the same pods once as a Deployment and ask "
    "for that."
)
_WANT = Want.of_setting(DEBUG_SIDECAR)


class DebugSidecarSchema(WorkloadsSchema):
    """What the fields of a debug sidecar must be; loads them canonical."""

    workloads = workload_list({"cronjob": _NEVER_ENDS, "job": _NEVER_ENDS})


class DebugSidecar(WorkloadKind):
    """A container that sees the packets of its pod, until the ticket ends."""

    name = "debug-sidecar"
    title = "Debug sidecar"
    summary = (
        "Put Linkerd's debug container into your pods for some hours, to see their packets with kubectl logs and "
        "tshark. The packets land in the container's log. Your pods restart when it begins and when it ends."
    )
    costs = (
        "Your pods restart twice. Everything stays encrypted, but whoever may read the logs of the pods reads "
        "their packets."
    )
    needs = "Workloads that have a proxy, and for how many hours: 24 at most."
    schema = DebugSidecarSchema()
    shrinkable = {"workloads": Part.LIST}  # noqa: RUF012
    restarts_pods = True
    # Whatever a policy says: a container that writes packets to a log is not to be forgotten.
    longest = timedelta(hours=24)

    def targets(self, fields: Fields, namespace: str | None) -> list[WorkloadRef]:
        """The named workloads."""
        return workload_refs(fields, namespace)

    def wants(self, fields: Fields, view: InventoryView) -> Want:
        """The debug container, in each workload alike."""
        return _WANT

    def routing_facts(self, fields: Fields, context: Sequence[InventoryView]) -> dict[str, Any]:
        """Nothing but the kind: it has no modes."""
        return {}

    def identity(self, fields: Fields) -> dict[str, Any]:
        """The workloads."""
        return {"workloads": sorted(fields["workloads"])}

    def notes(self, raw: Mapping[str, Any]) -> list[str]:
        """What was put right in the workloads."""
        return workload_notes(raw)

    def checks(self, fields: Fields, views: Sequence[InventoryView]) -> list[Finding]:
        """The findings of each workload."""
        return [
            found for view in views for found in sort_findings([*workload_findings(view, _WANT), *debug_findings(view)])
        ]

    def usage(self, asked: Asked) -> list[Command]:
        """How to look at the traffic of each workload."""
        namespace = asked.namespace or ""
        looks = [debug_commands(asked.cluster, namespace, workload) for workload in asked.fields["workloads"]]
        return [pods_command(namespace), *chain.from_iterable(looks)]
