"""What workers saw, as tests of pages need it: workloads added, annotated and taken away, clusters that are away."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from portal.db import Database, database_now
from portal.models import InventoryCluster, InventoryNamespace, InventoryWorkload, Namespace, Tenant, Ticket
from portal.tickets.moving import number_of
from tests import world

ANNOTATED = {"annotations": {"linkerd.io/inject": "enabled"}, "labels": {}}
SKIP_INBOUND = "config.linkerd.io/skip-inbound-ports"
LONGEST = ".".join(["x" * 63, "y" * 63, "z" * 63, "w" * 61])
"""The longest name that Kubernetes allows."""


def annotate(database: Database, name: str, annotations: dict[str, str], cluster: str = "practice") -> None:
    """Have a workload of emojivoto be seen with these annotations on its pod template."""
    with database.unit_of_work() as session:
        row = session.scalars(
            select(InventoryWorkload).where(
                InventoryWorkload.cluster == cluster,
                InventoryWorkload.namespace == "emojivoto",
                InventoryWorkload.name == name,
            )
        ).one()
        obj = copy.deepcopy(row.object)
        obj["spec"]["template"]["metadata"]["annotations"] = annotations
        row.object, row.meshed = obj, annotations.get("linkerd.io/inject") != "disabled"


def add_namespace(database: Database, name: str, workloads: list[world.Workload], tenant: str = "emojis") -> None:
    """One more namespace on practice, of a tenant, with workloads."""
    with database.unit_of_work() as session:
        owner = session.scalars(select(Tenant.id).where(Tenant.name == tenant)).one()
        session.add(Namespace(cluster="practice", name=name, tenant_id=owner))
        session.add(InventoryNamespace(cluster="practice", name=name, metadata_=ANNOTATED))
        for one in workloads:
            obj: dict[str, Any] = world.raw(name, one)
            meshed = one.annotations.get("linkerd.io/inject") != "disabled"
            key = {"cluster": "practice", "namespace": name, "kind": one.kind, "name": one.name}
            session.add(InventoryWorkload(**key, uid=f"uid-{name}-{one.name}", object=obj, meshed=meshed))


def take_away(database: Database, *names: str) -> None:
    """Have workloads be seen no more; all of them where none is named."""
    with database.unit_of_work() as session:
        gone = delete(InventoryWorkload)
        session.execute(gone.where(InventoryWorkload.name.in_(names)) if names else gone)


def keep_away(database: Database, cluster: str, problem: str | None, age: timedelta) -> None:
    """A cluster that was last read so long ago."""
    with database.unit_of_work() as session:
        seen = session.get_one(InventoryCluster, cluster)
        seen.seen_at, seen.problem = database_now(session) - age, problem


def change(database: Database, ref: str, **values: object) -> None:
    """Set parts of a ticket's row; lengths of time are taken from now."""
    with database.unit_of_work() as session:
        ticket, now = session.get_one(Ticket, number_of(ref)), database_now(session)
        for name, value in values.items():
            setattr(ticket, name, now + value if isinstance(value, timedelta) else value)
