"""The inventory: what a cluster holds, written down for the web process, and what of ours no longer fits there."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.db import database_now
from portal.errors import ClusterError
from portal.mesh.injection import why_not_injected
from portal.mesh.workloads import template_of
from portal.models import InventoryCluster, InventoryNamespace, InventoryWorkload, Namespace
from portal.tickets.catching_up import catch_up
from workers.cluster.protocol import Cluster
from workers.context import Context
from workers.created.strays import remove_strays
from workers.inventory_jobs import read_kept, started, write_kept
from workers.inventory_objects import read_objects, write_objects
from workers.orphans import call_for_drift
from workers.viz.inventory import read_viz, write_viz

log = logging.getLogger(__name__)

Key = tuple[str, str, str]

# Only what previews and findings read is kept: no environment variables, volumes, images' arguments or status.
KEPT_METADATA = ("name", "namespace", "uid", "resourceVersion", "labels", "annotations", "ownerReferences")
KEPT_SPEC = ("replicas", "strategy", "updateStrategy", "paused", "selector", "schedule", "suspend")
KEPT_POD_SPEC = ("hostNetwork", "automountServiceAccountToken", "serviceAccountName", "restartPolicy")
KEPT_CONTAINER = ("name", "image", "ports", "restartPolicy")
DROPPED_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


def refresh(context: Context, name: str) -> None:
    """Read one cluster and write down what it holds; a cluster that does not answer is written down as that."""
    try:
        cluster = context.connect(name)
        with context.database.reading() as session:
            owned = set(session.scalars(select(Namespace.name).where(Namespace.cluster == name)))
        seen = Seen(cluster, owned)
    except ClusterError as error:
        log.warning("inventory of %s: %s", name, error.sentence)
        with context.database.unit_of_work() as session:
            _note_try(session, name, database_now(session), problem=error.sentence)
        return
    with context.database.unit_of_work() as session:
        if _was_away(session, name):
            catch_up(session, name, now=database_now(session))
        _write(session, name, seen)
        call_for_drift(session, name, now=database_now(session))
    remove_strays(context, name)


class Seen:
    """One reading of a cluster: mesh defaults, the injector's webhook, owned namespaces and what is in them."""

    def __init__(self, cluster: Cluster, owned: set[str]) -> None:
        self.defaults = cluster.mesh()
        self.webhook = cluster.injector_webhook() or {}
        self.namespaces = {one["metadata"]["name"]: one for one in cluster.namespaces()}
        self.namespaces = {name: one for name, one in self.namespaces.items() if name in owned}
        held = self.namespaces
        self.workloads = [trim(one) for one in cluster.workloads() if one["metadata"].get("namespace") in held]
        self.objects = read_objects(cluster, set(held), self.defaults.namespace)
        self.viz = read_viz(cluster)
        self.kept = read_kept(cluster, self.workloads, held, self.defaults)

    def meshed(self, obj: dict[str, Any]) -> bool:
        """True when the injector would mesh this workload's pods."""
        namespace = self.namespaces[obj["metadata"]["namespace"]]
        return not why_not_injected(
            pod_template_or_pod=template_of(obj) or obj, namespace=namespace, webhook=self.webhook
        )


def trim(obj: dict[str, Any]) -> dict[str, Any]:
    """The object without what nobody needs to know: only names, annotations, ports and how it rolls."""
    spec = obj.get("spec") or {}
    kept = {key: spec[key] for key in KEPT_SPEC if key in spec}
    if obj["kind"] == "CronJob":
        job = (spec.get("jobTemplate") or {}).get("spec") or {}
        kept["jobTemplate"] = {"spec": {"template": _trim_template(job.get("template") or {})}}
    elif obj["kind"] == "Pod":
        kept.update(_trim_pod_spec(spec))
    else:
        kept["template"] = _trim_template(spec.get("template") or {})
    return {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "metadata": _trim_metadata(obj["metadata"]),
        "spec": kept,
        **started(obj),
    }


def _trim_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    kept = {key: metadata[key] for key in KEPT_METADATA if key in metadata}
    if "annotations" in kept:
        kept["annotations"] = {k: v for k, v in (kept["annotations"] or {}).items() if k != DROPPED_ANNOTATION}
    return kept


def _trim_template(template: dict[str, Any]) -> dict[str, Any]:
    metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
    return {"metadata": _trim_metadata(metadata), "spec": _trim_pod_spec(spec)}


def _trim_pod_spec(spec: dict[str, Any]) -> dict[str, Any]:
    kept = {key: spec[key] for key in KEPT_POD_SPEC if key in spec}
    for group in ("containers", "initContainers"):
        if spec.get(group):
            kept[group] = [{key: one[key] for key in KEPT_CONTAINER if key in one} for one in spec[group]]
    return kept


def _was_away(session: Session, name: str) -> bool:
    row = session.get(InventoryCluster, name)
    return row is not None and row.problem is not None


def _note_try(session: Session, name: str, now: datetime, *, problem: str | None) -> InventoryCluster:
    row = session.get(InventoryCluster, name)
    if row is None:
        row = InventoryCluster(cluster=name, defaults={})
        session.add(row)
    row.tried_at, row.problem = now, problem
    return row


def _write(session: Session, name: str, seen: Seen) -> None:
    now = database_now(session)
    row = _note_try(session, name, now, problem=None)
    row.seen_at, row.defaults, row.webhook = now, seen.defaults.to_json(), seen.webhook
    _write_namespaces(session, name, seen.namespaces.values())
    _write_workloads(session, name, seen)
    session.flush()
    write_kept(session, name, seen.kept)
    write_objects(session, name, seen.objects)
    write_viz(session, name, seen.viz)


def _write_namespaces(session: Session, name: str, found: Iterable[dict[str, Any]]) -> None:
    query = select(InventoryNamespace).where(InventoryNamespace.cluster == name)
    known = {row.name: row for row in session.scalars(query)}
    for obj in found:
        row = known.pop(obj["metadata"]["name"], None)
        if row is None:
            row = InventoryNamespace(cluster=name, name=obj["metadata"]["name"])
            session.add(row)
        # Written only where it differs: an unchanged cluster costs no writes.
        if row.metadata_ != (kept := _trim_metadata(obj["metadata"])):
            row.metadata_ = kept
    for gone in known.values():
        session.delete(gone)


def _write_workloads(session: Session, name: str, seen: Seen) -> None:
    query = select(InventoryWorkload).where(InventoryWorkload.cluster == name)
    known: dict[Key, InventoryWorkload] = {(row.namespace, row.kind, row.name): row for row in session.scalars(query)}
    for obj in seen.workloads:
        key = (obj["metadata"]["namespace"], obj["kind"].lower(), obj["metadata"]["name"])
        row = known.pop(key, None)
        if row is None:
            row = InventoryWorkload(cluster=name, namespace=key[0], kind=key[1], name=key[2])
            session.add(row)
        if row.object != obj or row.meshed != seen.meshed(obj):
            row.uid, row.object, row.meshed = obj["metadata"]["uid"], obj, seen.meshed(obj)
    for gone in known.values():
        session.delete(gone)
