"""The real cluster's calls on objects of any kind in portal/mesh/objects.py. KubernetesCluster inherits them."""

from __future__ import annotations

from collections.abc import Iterator

from portal.errors import Conflict
from portal.mesh.objects import ObjectRef
from workers.cluster import object_paths as paths
from workers.cluster import refusals
from workers.cluster.kubernetes_answers import Ask, NotServed
from workers.cluster.kubernetes_api import MANAGER, Api
from workers.cluster.protocol import Object


class KubernetesObjects:
    """Objects of one API server; the protocol says what each call promises."""

    def __init__(self, name: str, api: Api) -> None:
        self.name = name
        self._api = api

    def object(self, ref: ObjectRef) -> Object:
        """One object as it is now; raises Gone."""
        path = paths.path_of(ref)
        if path is None:
            raise refusals.gone(self.name, str(ref))
        return self._api.call(Ask("GET", path, str(ref), home=paths.home_of(ref.api_version, ref.kind)))

    def objects(
        self, api_version: str, kind: str, namespace: str | None = None, selector: str = ""
    ) -> Iterator[Object]:
        """The objects of a kind, in one namespace or everywhere; none where the API server does not serve the kind."""
        home = paths.listing_home(api_version, kind, namespace)
        if home is None:
            return
        ask = Ask("GET", home.listing(namespace), refusals.place(home.plural, namespace), home=home)
        identity = {"apiVersion": api_version, "kind": kind}
        try:
            for page in self._api.pages(ask, selector):
                yield from ({**identity, **item} for item in page.get("items") or [])
        except NotServed:
            return

    def events(self, namespace: str, *, uid: str = "", source: str = "") -> list[Object]:
        """The Events of a namespace, about the object of that uid or by that source where they are given."""
        if not paths.is_name(namespace):
            return []
        wanted = (("involvedObject.uid", uid), ("source", source))
        fields = ",".join(f"{name}={value}" for name, value in wanted if value)
        query = (("fieldSelector", fields),) if fields else ()
        ask = Ask("GET", f"/api/v1/namespaces/{namespace}/events", refusals.place("events", namespace), query)
        identity = {"apiVersion": "v1", "kind": "Event"}
        return [{**identity, **item} for page in self._api.pages(ask, "") for item in page.get("items") or []]

    def create_object(self, manifest: Object, *, dry_run: bool = False) -> Object:
        """Create what is not there yet; raises AlreadyExists, Gone, Transient, Refused as the protocol says."""
        ref = ObjectRef.of(manifest)
        home = paths.home_for(ref)
        ask = Ask("POST", home.listing(ref.namespace), str(ref), _query(dry_run=dry_run), manifest, home)
        try:
            return self._api.call(ask)
        except NotServed as error:
            raise refusals.not_served(self.name, ref.api_version, ref.kind) from error

    def patch_object(self, ref: ObjectRef, patch: Object, *, dry_run: bool = False) -> Object:
        """Merge the patch as field manager `meshdesk`; raises Conflict, Refused, Gone."""
        return self._api.call(self._write("PATCH", ref, patch, dry_run=dry_run))

    def delete_object(self, ref: ObjectRef, *, uid: str) -> None:
        """Have the object of that uid deleted; raises Gone where it is not there, whatever else bears its name."""
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": uid},
            "propagationPolicy": "Background",
        }
        try:
            self._api.call(self._write("DELETE", ref, options))
        except Conflict:
            # Another uid, or a write in between: the API server words both as it likes, what is there tells.
            if self.object(ref)["metadata"]["uid"] != uid:
                raise refusals.gone(self.name, str(ref)) from None
            raise

    def _write(self, method: str, ref: ObjectRef, body: Object, *, dry_run: bool = False) -> Ask:
        home = paths.home_for(ref)
        query = () if method == "DELETE" else _query(dry_run=dry_run)
        return Ask(method, f"{home.listing(ref.namespace)}/{ref.name}", str(ref), query, body, home)


def _query(*, dry_run: bool) -> tuple[tuple[str, str], ...]:
    return (("fieldManager", MANAGER), *((("dryRun", "All"),) if dry_run else ()))
