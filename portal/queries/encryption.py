"""Selects of how far workloads are encrypted, as workers last saw them, and of the live tickets that explain it.

Objects are large: what counts is taken out of them by the database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, not_, or_, select, tuple_
from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.mesh.annotations import SKIP_INBOUND, SKIP_OUTBOUND, MeshDefaults
from portal.mesh.encryption import Skips, Standing, skips, standing, unexplained
from portal.mesh.want import Want
from portal.mesh.workloads import template_path
from portal.models import InventoryCluster, InventoryNamespace, InventoryWorkload, Namespace, Tenant
from portal.queries.grants import Grant, Where, grants

_W = InventoryWorkload
Rows = Select[*tuple[Any, ...]]
Key = tuple[str, str, str, str]
"""Cluster, namespace, kind and name of a workload."""


@dataclass(frozen=True)
class Scope:
    """Whose workloads, of those that somebody may see; None does not restrict."""

    cluster: str | None = None
    namespace: str | None = None
    tenant: str | None = None


@dataclass(frozen=True)
class Tally:
    """How many workloads of some place are encrypted, in part, or have no proxy; `namespace` empty: of a cluster."""

    cluster: str
    namespace: str = ""
    tenant: str = ""
    encrypted: int = 0
    partly: int = 0
    unmeshed: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.encrypted + self.partly + self.unmeshed


def together(tallies_: Iterable[Tally], cluster: str = "") -> Tally:
    """The tally of several places as one."""
    ones = list(tallies_)
    counts = {word.value: sum(getattr(one, word) for one in ones) for word in Standing}
    return Tally(cluster, **counts)


@dataclass(frozen=True)
class Line:
    """One workload: whose it is, how far it is encrypted, and the live tickets on it."""

    cluster: str
    namespace: str
    tenant: str
    kind: str
    name: str
    meshed: bool
    skips: Skips
    grants: tuple[Grant, ...] = ()

    @property
    def key(self) -> Key:
        """What tells it from every other; lists are in its order."""
        return (self.cluster, self.namespace, self.kind, self.name)

    @property
    def standing(self) -> Standing:
        """How far it is encrypted."""
        return standing(self.skips, meshed=self.meshed)

    @cached_property
    def unexplained(self) -> Skips | None:
        """What no live ticket explains; None where it is encrypted or tickets explain all of it."""
        granted = Want.union(one.want for one in self.grants)
        return None if self.standing is Standing.ENCRYPTED else unexplained(self.skips, granted, meshed=self.meshed)


def tallies(session: Session, scope: Scope, *, by: Actor) -> list[Tally]:
    """The tally of each namespace that the actor may see, by cluster and name; zero where workers saw nothing."""
    owned = select(Namespace.cluster, Namespace.name, Tenant.name).join(Tenant, Tenant.id == Namespace.tenant_id)
    places = session.execute(owned.where(*in_scope(scope, by)).order_by(Namespace.cluster, Namespace.name))
    around = _Around.of(session, scope)
    rows = _rows(scope, by).subquery()
    alike = (rows.c.cluster, rows.c.namespace, rows.c.meshed, rows.c.inbound, rows.c.outbound)
    counts: dict[Where, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    counted = select(*alike, func.count()).group_by(*alike)
    for cluster, name, meshed, inbound, outbound, count in session.execute(counted):
        seen = standing(around.skips((cluster, name), inbound, outbound), meshed=meshed)
        counts[cluster, name][seen.value] += count
    return [Tally(cluster, name, tenant, **counts[cluster, name]) for cluster, name, tenant in places]


def lines(session: Session, scope: Scope, *, by: Actor, after: Key | None, limit: int) -> list[Line]:
    """Workloads that the actor may see, in order after a key."""
    query = _in_order(_rows(scope, by), after, limit)
    return _made(session, scope, session.execute(query).all(), by)


def open_lines(session: Session, scope: Scope, *, by: Actor, limit: int) -> list[Line]:
    """Workloads that are not encrypted in whole, in order: without a proxy, or with ports that go past it."""
    rows = _rows(scope, by)
    around = InventoryNamespace.metadata_
    annotated = select(InventoryNamespace.id).where(
        InventoryNamespace.cluster == _W.cluster,
        InventoryNamespace.name == _W.namespace,
        or_(*(around[("annotations", key)].as_string().is_not(None) for key in (SKIP_INBOUND, SKIP_OUTBOUND))),
    )
    said = or_(*(_template_text(key).is_not(None) for key in (SKIP_INBOUND, SKIP_OUTBOUND)))
    query = _in_order(rows.where(or_(not_(_W.meshed), said, annotated.exists())), None, limit)
    found = _made(session, scope, session.execute(query).all(), by)
    # Databases have orders of their own; whoever shows a part of these goes by this one.
    return sorted((one for one in found if one.standing is not Standing.ENCRYPTED), key=lambda one: one.key)


def in_scope(scope: Scope, by: Actor) -> Iterator[ColumnElement[bool]]:
    """What holds of the namespaces and tenants of a scope that the actor may see."""
    yield Tenant.active.is_(True)
    if not by.sees_everything:
        yield Tenant.id.in_(by.tenant_ids)
    wanted = ((Namespace.cluster, scope.cluster), (Namespace.name, scope.namespace), (Tenant.name, scope.tenant))
    yield from (column == value for column, value in wanted if value is not None)


def _rows(scope: Scope, by: Actor) -> Rows:
    owned = and_(Namespace.cluster == _W.cluster, Namespace.name == _W.namespace)
    rows: Rows = (
        select(
            _W.cluster,
            _W.namespace,
            Tenant.name.label("tenant"),
            _W.kind,
            _W.name,
            _W.meshed,
            _template_text(SKIP_INBOUND).label("inbound"),
            _template_text(SKIP_OUTBOUND).label("outbound"),
        )
        .join(Namespace, owned)
        .join(Tenant, Tenant.id == Namespace.tenant_id)
        .where(*in_scope(scope, by))
    )
    return rows


def _template_text(key: str) -> ColumnElement[str | None]:
    """What the pod template says of a key; a bare pod is its own template."""
    whole = _W.object
    return case(
        (_W.kind == "pod", whole[("metadata", "annotations", key)].as_string()),
        (_W.kind == "cronjob", whole[(*template_path("cronjob"), key)].as_string()),
        else_=whole[(*template_path(""), key)].as_string(),
    )


def _in_order(query: Rows, after: Key | None, limit: int) -> Rows:
    key = (_W.cluster, _W.namespace, _W.kind, _W.name)
    later = query if after is None else query.where(tuple_(*key) > tuple_(*after))
    return later.order_by(*key).limit(limit)


def _made(session: Session, scope: Scope, rows: Sequence[Any], by: Actor) -> list[Line]:
    around, granted = _Around.of(session, scope), grants(session, {row.cluster for row in rows}, by=by)
    return [
        Line(
            row.cluster,
            row.namespace,
            row.tenant,
            row.kind,
            row.name,
            row.meshed,
            around.skips((row.cluster, row.namespace), row.inbound, row.outbound),
            tuple(granted.get((row.cluster, row.namespace, row.kind, row.name), ())),
        )
        for row in rows
    ]


@dataclass(frozen=True)
class _Around:
    """What counts where a template says nothing: annotations by namespace, defaults by cluster."""

    annotations: Mapping[Where, Mapping[str, str]]
    defaults: Mapping[str, MeshDefaults]

    @classmethod
    def of(cls, session: Session, scope: Scope) -> _Around:
        """Of the clusters in the scope."""
        names = [
            InventoryNamespace.metadata_[("annotations", key)].as_string() for key in (SKIP_INBOUND, SKIP_OUTBOUND)
        ]
        query = select(InventoryNamespace.cluster, InventoryNamespace.name, *names)
        meshes = select(InventoryCluster.cluster, InventoryCluster.defaults)
        if scope.cluster is not None:
            query = query.where(InventoryNamespace.cluster == scope.cluster)
            meshes = meshes.where(InventoryCluster.cluster == scope.cluster)
        said = session.execute(query.where(or_(*(name.is_not(None) for name in names)))).all()
        return cls(
            {(cluster, name): _present(inbound, outbound) for cluster, name, inbound, outbound in said},
            {cluster: MeshDefaults.from_json(defaults) for cluster, defaults in session.execute(meshes)},
        )

    def skips(self, where: Where, inbound: str | None, outbound: str | None) -> Skips:
        """What goes past the proxy of a workload there, by what its template says."""
        defaults = self.defaults.get(where[0]) or MeshDefaults()
        return skips(_present(inbound, outbound), self.annotations.get(where, {}), defaults)


def _present(inbound: str | None, outbound: str | None) -> dict[str, str]:
    return {key: text for key, text in ((SKIP_INBOUND, inbound), (SKIP_OUTBOUND, outbound)) if text is not None}
