"""Workloads in lists of pages: namespace by namespace, each with why it is not encrypted, and what leads on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.access import rights
from portal.access.actor import Actor
from portal.access.rights import Action
from portal.errors import Invalid
from portal.mesh import dashboards
from portal.mesh.commands import Command
from portal.mesh.workloads import PATCHABLE, WorkloadRef
from portal.models import Tenant
from portal.queries.encryption import Key, Line
from portal.queries.unmeshed import why_unmeshed

PER_PAGE = 40


@dataclass(frozen=True)
class Shown:
    """A line with why it gets no proxy, pages of the console about it, and what can be asked for it."""

    line: Line
    why: Sequence[str]
    console: Sequence[Command]
    asks: Sequence[Command]


@dataclass(frozen=True)
class Group:
    """The lines of one namespace, in order."""

    cluster: str
    namespace: str
    tenant: str
    lines: Sequence[Shown]


def groups(session: Session, lines: Sequence[Line], consoles: Mapping[str, str | None]) -> list[Group]:
    """The lines by namespace; `consoles` has the addresses of consoles by cluster."""
    why = why_unmeshed(session, [one.key for one in lines if not one.meshed])
    shown = (
        Shown(one, why.get(one.key, ()), _console(one, consoles.get(one.cluster)), list(_asks(one))) for one in lines
    )
    within = groupby(shown, key=lambda one: (one.line.cluster, one.line.namespace, one.line.tenant))
    return [Group(*place, list(found)) for place, found in within]


def _console(line: Line, console: str | None) -> list[Command]:
    ref = WorkloadRef(line.kind, line.namespace, line.name)
    return dashboards.of_workload(console, ref) if console else []


def _asks(line: Line) -> Iterable[Command]:
    where = {"cluster": line.cluster, "namespace": line.namespace, "workload": f"{line.kind}/{line.name}"}
    if line.kind in PATCHABLE and line.meshed:
        yield Command("Encryption exception", f"/new/encryption-exception?{urlencode(where)}")
        yield Command("Debug container", f"/new/debug-sidecar?{urlencode(where)}")
    if line.kind in ("job", "cronjob") and line.meshed:
        yield Command("Let the Job end", f"/new/job-completion?{urlencode(where)}")


def asked_for(session: Session, by: Actor) -> set[str]:
    """The tenants for which somebody may ask, by name."""
    tenants = session.scalars(select(Tenant).where(Tenant.id.in_(by.tenant_ids), Tenant.active)).all()
    return {one.name for one in tenants if by.roles_in(one.id) & rights.RIGHTS[Action.ASK].roles}


def key_text(key: Key) -> str:
    """A key as an address has it."""
    return "/".join(key)


def key_of(text: str | None) -> Key | None:
    """The key that an address has; raises Invalid for what is none."""
    if text is None:
        return None
    match text.split("/"):
        case [cluster, namespace, kind, name]:
            return (cluster, namespace, kind, name)
    raise Invalid({"after": ["It is no place in this list: go back to its first page."]})
