"""Pages of a cluster's monitoring console: addresses of Linkerd's Grafana dashboards with what they ask for filled in.

The dashboards and their variables are those of grafana/dashboards in linkerd2; pages and tickets lead to them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from portal.mesh.commands import Command
from portal.mesh.workloads import WorkloadRef

DETAILED = (
    "deployment",
    "statefulset",
    "daemonset",
    "replicaset",
    "replicationcontroller",
    "cronjob",
    "job",
    "pod",
)
"""The kinds of workloads that have a dashboard of their own."""
_TITLES = {
    "statefulset": "StatefulSet",
    "daemonset": "DaemonSet",
    "replicaset": "ReplicaSet",
    "replicationcontroller": "ReplicationController",
    "cronjob": "CronJob",
}


def address(console: str, dashboard: str, variables: Mapping[str, str]) -> str:
    """The address of a dashboard by its uid (`linkerd-top-line`); the registry's may itself be that of a dashboard."""
    base = re.split(r"/d/|[?#]", console, maxsplit=1)[0].rstrip("/")
    query = urlencode({f"var-{key}": value for key, value in variables.items()})
    return f"{base}/d/{quote(dashboard)}?{query}"


def of_workload(console: str, ref: WorkloadRef) -> list[Command]:
    """What the console shows of a workload: its namespace's top line, itself, and its namespace's routes."""
    within = {"namespace": ref.namespace}
    top_line = {**within, "deployment": ref.name} if ref.kind == "deployment" else within
    found = [Command("Top Line", address(console, "linkerd-top-line", top_line))]
    if ref.kind in DETAILED:
        title = _TITLES.get(ref.kind, ref.kind.capitalize())
        found.append(Command(title, address(console, f"linkerd-{ref.kind}", {ref.kind: ref.name, **within})))
    return [*found, Command("Route", address(console, "route", within))]
