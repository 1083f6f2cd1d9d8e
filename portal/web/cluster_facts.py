"""What is known of a cluster, for its page and the list of them: its mesh, certificates and Viz."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.mesh.annotations import MeshDefaults
from portal.models import Cluster
from portal.queries import encryption, viz
from portal.queries.certificates import Seen, seen
from portal.queries.encryption import Tally, together
from portal.queries.viz import VizWindow
from portal.tickets.viz_sights import presence_seen
from portal.web.freshness import Freshness, freshness


@dataclass(frozen=True)
class Viz:
    """The Viz of a cluster: tickets that hold it open, whether others do, one that no ticket put there, and why none
    can be asked for (empty: it can)."""

    windows: Sequence[VizWindow] = ()
    others: bool = False
    foreign: str = ""
    hindered: str = ""


@dataclass(frozen=True)
class Known:
    """One cluster; `places` has the tally of each namespace that one may see."""

    cluster: Cluster
    view: Freshness
    mesh: MeshDefaults | None
    viz: Viz
    certificates: Seen
    places: Sequence[Tally] = field(default_factory=list)

    @property
    def total(self) -> Tally:
        """All namespaces together."""
        return together(self.places, self.cluster.name)


def known(session: Session, clusters: Sequence[Cluster], *, by: Actor, now: datetime) -> list[Known]:
    """What is known of each of these clusters, in a handful of selects."""
    names = [one.name for one in clusters]
    views, meshes = freshness(session, names, now), viz.defaults(session, names)
    places: dict[str, list[Tally]] = defaultdict(list)
    scope = encryption.Scope(cluster=names[0]) if len(names) == 1 else encryption.Scope()
    for one in encryption.tallies(session, scope, by=by):
        places[one.cluster].append(one)
    sights, certificates = _viz(session, names, by), seen(session, names)
    return [
        Known(
            one,
            views[one.name],
            meshes.get(one.name),
            sights[one.name],
            certificates[one.name],
            places[one.name],
        )
        for one in clusters
    ]


def _viz(session: Session, names: Sequence[str], by: Actor) -> dict[str, Viz]:
    windows, hindered = viz.viz_windows(session, names), viz.bundle_problems(session, names)
    strange = {name: presence_seen(session, name).sentence(name) for name in viz.clusters_with_viz(session, names)}
    return {
        name: Viz(
            [one for one in windows.get(name, ()) if by.sees(one.tenant_id)],
            any(not by.sees(one.tenant_id) for one in windows.get(name, ())),
            strange.get(name, ""),
            hindered.get(name, "The registry names no Viz bundle for this cluster."),
        )
        for name in names
    }
