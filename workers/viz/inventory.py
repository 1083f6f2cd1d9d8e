"""What of a Viz is in a cluster, whoever put it there: the inventory writes it down, previews and asks read it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal.errors import Gone, Refused
from portal.mesh.objects import ObjectRef
from portal.mesh.viz.names import API_SERVICE, SELECTOR
from workers.cluster.protocol import Cluster, Object
from workers.inventory_objects import trim, write_kinds

TAP_API = ObjectRef("apiregistration.k8s.io/v1", "APIService", "", API_SERVICE)
_KINDS = ("Namespace", "APIService")


def read_viz(cluster: Cluster) -> list[Object]:
    """The Namespaces with Viz's label and the tap APIService, without what they specify."""
    return [_named(obj) for obj in (*namespaces(cluster), *tap_api(cluster))]


def namespaces(cluster: Cluster) -> list[Object]:
    """The Namespaces with Viz's label."""
    return list(cluster.objects("v1", "Namespace", selector=SELECTOR))


def tap_api(cluster: Cluster) -> list[Object]:
    """The tap APIService, none where there is none or where Meshdesk may not look, as where nobody may ask for Viz."""
    try:
        return [cluster.object(TAP_API)]
    except (Gone, Refused):
        return []


def write_viz(session: Session, cluster: str, found: list[Object]) -> None:
    """Write down what was read."""
    write_kinds(session, cluster, _KINDS, found)


def _named(obj: Object) -> Object:
    return {key: value for key, value in trim(obj).items() if key in ("apiVersion", "kind", "metadata")}
