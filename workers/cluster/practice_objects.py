"""The practice cluster's calls on objects of any kind in portal/mesh/objects.py. PracticeCluster inherits them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.errors import ConfigurationError
from portal.mesh.objects import ObjectRef
from workers.cluster import refusals
from workers.cluster.object_paths import can_be, home_for, listing_home
from workers.cluster.practice_aggregation import shown
from workers.cluster.practice_creation import add
from workers.cluster.practice_defaults import serves
from workers.cluster.practice_deletion import delete, leave_without_finalizers
from workers.cluster.practice_patch import patched
from workers.cluster.practice_pods import Moment
from workers.cluster.practice_rollout import catch_up, touch
from workers.cluster.practice_selectors import selected
from workers.cluster.practice_store import Key, Object, Store

MANAGER = "meshdesk"


class PracticeObjects:
    """Objects of one practice cluster; the protocol says what each call promises."""

    def __init__(self, name: str, path: Path, *, timeout: float = 5.0, clock: Callable[[], float] = time.time) -> None:
        self.name = name
        try:
            self._store = Store(path, timeout=timeout)
        except sqlite3.OperationalError as error:
            raise refusals.unreachable(name) from error
        except sqlite3.DatabaseError as error:
            raise ConfigurationError(f"Cluster {name}: {path} is not the file of a practice cluster.") from error
        self._clock = clock

    def object(self, ref: ObjectRef) -> Object:
        """One object as it is now; raises Gone."""
        with self._call() as moment:
            return shown(moment, self._there(moment, ref), ref.api_version)

    def objects(
        self, api_version: str, kind: str, namespace: str | None = None, selector: str = ""
    ) -> Iterator[Object]:
        """The objects of a kind, in one namespace or everywhere; none where the kind is not served."""
        if listing_home(api_version, kind, namespace) is None:
            return
        with self._call() as moment:
            known = serves(moment.store, api_version, kind)
            found = selected(selector, moment.store.all(kind.lower(), namespace)) if known else []
            found = [shown(moment, obj, api_version) for obj in found]
        yield from found

    def events(self, namespace: str, *, uid: str = "", source: str = "") -> list[Object]:
        """The Events of a namespace, about the object of that uid or by that source where they are given."""
        with self._call() as moment:
            found = moment.store.all("event", namespace)
        about = [one for one in found if uid in ("", one["involvedObject"]["uid"])]
        return [one for one in about if source in ("", one["source"]["component"])]

    def create_object(self, manifest: Object, *, dry_run: bool = False) -> Object:
        """Create what is not there yet; raises AlreadyExists, Gone, Transient, Refused as the protocol says."""
        ref = ObjectRef.of(manifest)
        home_for(ref)
        with self._call() as moment:
            self._admit(moment, "create", ref)
            if not serves(moment.store, ref.api_version, ref.kind):
                raise refusals.not_served(self.name, ref.api_version, ref.kind)
            return add(moment, self.name, manifest, manager=MANAGER, dry_run=dry_run)

    def patch_object(self, ref: ObjectRef, patch: Object, *, dry_run: bool = False) -> Object:
        """Merge the patch as field manager `meshdesk`; raises Conflict, Refused, Gone."""
        home_for(ref)
        with self._call() as moment:
            self._admit(moment, "patch", ref)
            current = self._there(moment, ref)
            return shown(moment, self._merge(moment, MANAGER, current, patch, dry_run=dry_run), ref.api_version)

    def delete_object(self, ref: ObjectRef, *, uid: str) -> None:
        """Have the object of that uid deleted; raises Gone where it is not there, whatever else bears its name."""
        home_for(ref)
        with self._call() as moment:
            self._admit(moment, "delete", ref)
            found = self._there(moment, ref)
            if found["metadata"]["uid"] != uid:
                raise refusals.gone(self.name, str(ref))
            delete(moment, found)

    @contextmanager
    def _open(self) -> Iterator[Moment]:
        try:
            with self._store.transaction() as transaction:
                now = self._clock()
                catch_up(transaction, now)
                yield Moment(transaction, now)
        except sqlite3.OperationalError as error:
            raise refusals.unreachable(self.name) from error

    @contextmanager
    def _call(self) -> Iterator[Moment]:
        with self._open() as moment:
            if moment.store.setting("unreachable", False):
                raise refusals.unreachable(self.name)
            yield moment

    def _there(self, moment: Moment, ref: ObjectRef) -> Object:
        key: Key = (ref.kind.lower(), ref.namespace, ref.name)
        known = can_be(ref) and serves(moment.store, ref.api_version, ref.kind)
        found = moment.store.get(key) if known else None
        if found is None:
            raise refusals.gone(self.name, str(ref))
        return found

    def _merge(self, moment: Moment, manager: str, current: Object, patch: Object, *, dry_run: bool) -> Object:
        changed = patched(current, patch, manager=manager, time=moment.time)
        if changed is current or dry_run:
            return changed
        moment.store.put(changed)
        touch(moment, changed)
        leave_without_finalizers(moment, changed)
        return changed

    def _admit(self, moment: Moment, verb: str, ref: ObjectRef) -> None:
        place = f"{ref.namespace}/{ref.name}"
        if moment.store.setting("forbid", {}).get(f"{ref.kind.lower()}/{place}"):
            raise refusals.not_allowed(verb, str(ref))
        name = f"{ref.kind}/{place}" if verb == "create" else f"{ref.kind.lower()}/{place}"
        if message := moment.store.setting("refuse_create" if verb == "create" else "refuse", {}).get(name):
            raise refusals.denied(message)
