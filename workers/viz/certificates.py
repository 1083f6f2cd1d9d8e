"""The certificates of an installation in its cluster: issued with it, and anew when a ticket outlives them.

A key exists in this process from `issue` to the write of its Secret, and then in that Secret alone. What a crash can
leave is a Secret of an authority that nobody remembers: `match` sees it by its annotation and issues anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from portal.mesh.objects import ObjectRef
from portal.mesh.viz.certificates import AUTHORITY, Issued, carries, issue, reissue_patch, with_certificates
from portal.mesh.viz.names import annotations_of
from workers.cluster.protocol import Object
from workers.created.rows import Record, records
from workers.viz.memory import Authority, Memory, remember
from workers.viz.site import Site

SERVICES = ("tap", "tap-injector")
# How long certificates outlive the last window, and how much of that must be left before they are issued anew.
BEYOND = timedelta(hours=1)
LEAST = timedelta(minutes=10)


@dataclass(frozen=True)
class Pair:
    """What both servers get."""

    tap: Issued
    injector: Issued

    def on(self, obj: Object) -> Object:
        """A manifest with what it is to carry."""
        return with_certificates(obj, self.tap, self.injector)


def prepared(site: Site, memory: Memory, objects: Sequence[Object], until: datetime) -> tuple[Memory, list[Object]]:
    """The manifests of a stage with what they are to carry, and the memory of it, committed.

    For Secrets that are not on record as created, certificates are issued now that end an hour after `until`.
    """
    carriers = [obj for obj in objects if carries(obj)]
    if not carriers or _are_created(site, carriers):
        return memory, list(objects)
    if any(obj["kind"] == "Secret" for obj in carriers):
        memory, pair = _issue(site, memory, until)
        _tell_callers(site, pair)
    else:
        pair = _public(memory)
    return memory, [pair.on(obj) for obj in objects]


def _are_created(site: Site, objects: Sequence[Object]) -> bool:
    created = {record.ref for record in records(site.context, site.spot) if record.uid is not None}
    return all(ObjectRef.of(obj) in created for obj in objects)


def _issue(site: Site, memory: Memory, until: datetime) -> tuple[Memory, Pair]:
    """Both certificates anew, their authorities committed before anything carries them."""
    now, namespace = site.now(), memory.pinned.namespace
    tap, injector = (issue(name, namespace, now=now, until=until + BEYOND) for name in SERVICES)
    known = {
        name: Authority(one.authority, one.authority_sha256, one.ends)
        for name, one in zip(SERVICES, (tap, injector), strict=True)
    }
    return remember(site.context, site.spot, replace(memory, authorities=known)), Pair(tap, injector)


def _public(memory: Memory) -> Pair:
    """What callers are to trust; there is no key any more."""
    tap, injector = (Issued(memory.authorities[name].pem, "", "", memory.authorities[name].ends) for name in SERVICES)
    return Pair(tap, injector)


def match(site: Site, memory: Memory, until: datetime) -> Memory:
    """See that the Secrets in the cluster are of the authorities that are remembered, else issue anew."""
    for record in _carriers(site, secrets=True):
        obj, whose = site.there(record.ref), carries({"kind": record.ref.kind, "metadata": {"name": record.ref.name}})
        if obj is not None and annotations_of(obj).get(AUTHORITY) != memory.authorities[str(whose)].sha256:
            return reissued(site, memory, until)
    return memory


def extended(site: Site, memory: Memory, until: datetime) -> Memory:
    """See that the certificates outlive the last window, else issue anew."""
    if all(one.ends >= until + LEAST for one in memory.authorities.values()):
        return memory
    return reissued(site, memory, until)


def reissued(site: Site, memory: Memory, until: datetime) -> Memory:
    """New certificates: callers are told to trust old and new first, then the servers get theirs."""
    memory, pair = _issue(site, memory, until)
    _tell_callers(site, pair)
    _patch(site, pair, _carriers(site, secrets=True))
    return memory


def _tell_callers(site: Site, pair: Pair) -> None:
    _patch(site, pair, _carriers(site, secrets=False))


def _carriers(site: Site, *, secrets: bool) -> list[Record]:
    """What is on record as created and carries a certificate (a Secret), or the authority that a caller trusts."""
    found = [record for record in records(site.context, site.spot) if record.uid is not None]
    named = [one for one in found if carries({"kind": one.ref.kind, "metadata": {"name": one.ref.name}})]
    return [record for record in named if (record.ref.kind == "Secret") is secrets]


def _patch(site: Site, pair: Pair, on_record: Sequence[Record]) -> None:
    for record in on_record:
        obj = site.there(record.ref)
        if obj is None or not record.is_ours(obj):
            continue
        patch = reissue_patch(obj, pair.tap, pair.injector, now=site.now())
        if patch is not None:
            site.keep()
            site.cluster.patch_object(record.ref, patch)
