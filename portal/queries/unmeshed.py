"""Selects of why workloads get no proxy, in the injector's own words; of as many as a page shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from portal.mesh.injection import why_not_injected
from portal.mesh.workloads import template_of
from portal.models import InventoryCluster, InventoryNamespace, InventoryWorkload
from portal.queries.encryption import Key

_W = InventoryWorkload


def why_unmeshed(session: Session, keys: Sequence[Key]) -> dict[Key, list[str]]:
    """Every reason for each of these workloads, by its key; those that are gone by now are left out."""
    if not keys:
        return {}
    columns = (_W.cluster, _W.namespace, _W.kind, _W.name)
    rows = session.execute(select(*columns, _W.object).where(tuple_(*columns).in_(keys))).all()
    namespaces = _namespaces(session, {(cluster, namespace) for cluster, namespace, *_ in keys})
    meshes = select(InventoryCluster.cluster, InventoryCluster.webhook)
    webhooks = dict(session.execute(meshes.where(InventoryCluster.cluster.in_({key[0] for key in keys}))).all())
    return {
        (cluster, namespace, kind, name): [
            reason.text
            for reason in why_not_injected(
                pod_template_or_pod=obj if kind == "pod" else template_of(obj),
                namespace=namespaces.get((cluster, namespace), {}),
                # Workers have looked for the webhook: none in the inventory means that there is none.
                webhook=webhooks.get(cluster) or {},
            )
        ]
        for cluster, namespace, kind, name, obj in rows
    }


def _namespaces(session: Session, places: set[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
    seen = InventoryNamespace
    query = select(seen.cluster, seen.name, seen.metadata_).where(tuple_(seen.cluster, seen.name).in_(places))
    return {(cluster, name): {"metadata": {**said, "name": name}} for cluster, name, said in session.execute(query)}
