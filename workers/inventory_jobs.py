"""The part of the inventory about Jobs: which finished pods the mesh keeps running, told of the Job or CronJob that an
owner can ask for, and whether a Job has started, which decides whether it can still be changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.mesh.annotations import MeshDefaults
from portal.mesh.jobs import cron_job_of, held_open, why_kept
from portal.models import InventoryWorkload
from workers.cluster.ownership import controller_of
from workers.cluster.protocol import Cluster, Object

# By kind in lower case, namespace and name.
Key = tuple[str, str, str]
KINDS = ("Job", "CronJob")
# A CronJob that runs each minute for a week has 10,000 such pods; the oldest tell as much.
MOST_TOLD = 20
# Kubernetes sets it on the pods of every Job, besides a newer one of the same meaning.
_PODS_OF_JOBS = "job-name"


def read_kept(
    cluster: Cluster, workloads: Iterable[Object], namespaces: Mapping[str, Object], defaults: MeshDefaults
) -> dict[Key, list[str]]:
    """Of each Job and CronJob among `workloads`, why its finished pods are kept running, in sentences."""
    makers = {one["metadata"]["uid"]: one for one in workloads if one["kind"] in KINDS}
    if not makers:
        return {}
    held = _held(cluster, namespaces)
    jobs = _makers_of_jobs(cluster, held, makers)
    pods: dict[str, list[Object]] = defaultdict(list)
    for pod in held:
        pods[jobs.get(_job_uid(pod), "")].append(pod)
    return {_key(one): _sentences(one, pods[uid], namespaces, defaults) for uid, one in makers.items()}


def _held(cluster: Cluster, namespaces: Mapping[str, Object]) -> list[Object]:
    pods = cluster.objects("v1", "Pod", selector=_PODS_OF_JOBS)
    return [pod for pod in pods if pod["metadata"]["namespace"] in namespaces and held_open(pod) is not None]


def _makers_of_jobs(cluster: Cluster, held: list[Object], makers: Mapping[str, Object]) -> dict[str, str]:
    """By the uid of a Job, the uid of what an owner asks for: the Job itself, or the CronJob that made it."""
    found = {uid: uid for uid in makers}
    unknown = {pod["metadata"]["namespace"] for pod in held if _job_uid(pod) not in found}
    for namespace in sorted(unknown):
        for job in cluster.objects("batch/v1", "Job", namespace):
            owner = controller_of(job)
            if owner is not None and cron_job_of(job) is not None:
                found[job["metadata"]["uid"]] = owner["uid"]
    return found


def _job_uid(pod: Object) -> str:
    owner = controller_of(pod)
    return "" if owner is None else str(owner["uid"])


def _key(obj: Object) -> Key:
    return obj["kind"].lower(), obj["metadata"]["namespace"], obj["metadata"]["name"]


def _sentences(
    maker: Object, pods: list[Object], namespaces: Mapping[str, Object], defaults: MeshDefaults
) -> list[str]:
    around = namespaces[maker["metadata"]["namespace"]]["metadata"].get("annotations") or {}
    oldest = sorted(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp")))
    found = why_kept(maker, oldest[:MOST_TOLD], defaults, around)
    more = len(oldest) - MOST_TOLD
    return [*found, f"So are {more} more pods of it."] if more > 0 else found


def write_kept(session: Session, cluster: str, kept: Mapping[Key, list[str]]) -> None:
    """Write down what differs from what was known; of all other workloads nothing is said."""
    rows = session.scalars(
        select(InventoryWorkload).where(
            InventoryWorkload.cluster == cluster, InventoryWorkload.kind.in_([kind.lower() for kind in KINDS])
        )
    )
    for row in rows:
        found = kept.get((row.kind, row.namespace, row.name))
        if row.kept_open != found:
            row.kept_open = found


def started(obj: Mapping[str, Any]) -> Object:
    """`{status: {startTime}}` of a Job that has started: all that the inventory keeps of a status."""
    at = (obj.get("status") or {}).get("startTime") if obj["kind"] == "Job" else None
    return {} if at is None else {"status": {"startTime": at}}
