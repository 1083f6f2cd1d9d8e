"""The Viz bundles that a registry names, as rows: written when the registry is applied, or when a worker read a Secret.

reading.py reads the files; what is stored has no keys and no certificates.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import distinct, func, select
from sqlalchemy.orm import Session

from portal.mesh.viz.bundle import Bundle, BundleError, read_bundle
from portal.models import Namespace, VizBundle
from portal.registry.state import RegistryFile, VizEntry

NOT_READ = "It was not read yet."


def entries(session: Session) -> dict[str, VizEntry]:
    """What each cluster's registry entry says of Viz, by cluster; a Secret's content is no part of it."""
    found = {}
    for row in session.scalars(select(VizBundle)):
        from_file = "secret" not in row.source
        digest = row.digest or None if from_file else None
        shared = row.shared_dashboard
        found[row.cluster] = VizEntry.from_source(row.source, shared_dashboard=shared, digest=digest)
    return found


def write(session: Session, wanted: RegistryFile, *, now: datetime) -> None:
    """Bring the rows to what the registry says; a Secret that was read stays read while its entry is the same."""
    rows = {row.cluster: row for row in session.scalars(select(VizBundle))}
    named = {cluster.name: cluster.viz for cluster in wanted.clusters if cluster.viz is not None}
    for name in rows.keys() - named.keys():
        session.delete(rows[name])
    for name, entry in named.items():
        row = rows.get(name) or VizBundle(cluster=name, source={}, objects=[])
        session.add(row)
        row.shared_dashboard = entry.shared_dashboard
        same = row.source == entry.source() and entry.secret is not None
        if not same:
            row.source = entry.source()
            _settle(row, entry.content, None if entry.content else NOT_READ, now if entry.content else None)
    session.flush()


def _settle(row: VizBundle, content: Bundle | None, problem: str | None, at: datetime | None) -> None:
    row.objects = list(content.objects) if content else []
    row.namespace = content.namespace if content else ""
    row.digest = content.digest if content else ""
    row.open_dashboard = bool(content and content.open_dashboard)
    row.problem, row.checked_at = problem, at


def bundle_of(row: VizBundle) -> Bundle | None:
    """The bundle that a row keeps; None where there is none that can be used (`problem` says why)."""
    if row.problem or not row.objects:
        return None
    return Bundle(tuple(row.objects), row.namespace, row.digest, row.open_dashboard)


def secrets_to_read(session: Session, cluster: str) -> tuple[str, str] | None:
    """Namespace and name of the Secret that holds the cluster's bundle; None where it comes from somewhere else."""
    row = session.get(VizBundle, cluster)
    source = row.source.get("secret") if row else None
    return (source["namespace"], source["name"]) if source else None


def take_secret(session: Session, cluster: str, read: Mapping[str, str] | str, *, now: datetime) -> bool:
    """Keep what a worker read: the decoded values of the Secret by key, or a sentence why it cannot be read.

    A bundle that was good before stays in use where the Secret cannot be read, and goes where its content is not
    allowed. True when something but the time changed; nothing happens where the registry names no Secret any more.
    """
    row = session.get(VizBundle, cluster)
    if row is None or "secret" not in row.source:
        return False
    before = (row.digest, row.problem)
    if isinstance(read, str):
        if row.objects:
            return False
        row.problem, row.checked_at = read, now
    else:
        _take(row, read, now)
    return (row.digest, row.problem) != before


def _take(row: VizBundle, texts: Mapping[str, str], now: datetime) -> None:
    try:
        source = row.source
        reader = source.get("prometheus_reader")
        found = read_bundle(texts, control_plane=source["control_plane"], listed=source["listed"], reader=reader)
    except BundleError as error:
        _settle(row, None, str(error), now)
        return
    if found.digest != row.digest:
        _settle(row, found, None, now)
    row.problem, row.checked_at = None, now


def tenants_on(session: Session, cluster: str) -> int:
    """How many tenants own a namespace of the cluster."""
    owners = select(func.count(distinct(Namespace.tenant_id))).where(Namespace.cluster == cluster)
    return session.scalar(owners) or 0
