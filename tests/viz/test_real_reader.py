"""Who may read Viz's Prometheus, on a real control plane: let in with the window, by name, and gone with it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.mesh.objects import MANAGED, ObjectRef
from portal.models import CreatedObject
from portal.states import State
from tests.unit.viz.bundles import practice
from tests.viz.scene import RealDesk
from workers.viz.reaping import reap

pytestmark = pytest.mark.control_plane

WORKER = "meshdesk-worker.meshdesk.serviceaccount.identity.linkerd.cluster.local"
API = "policy.linkerd.io/v1alpha1"
READER = [
    ObjectRef(API, kind, "linkerd-viz", "prometheus-meshdesk")
    for kind in ("MeshTLSAuthentication", "AuthorizationPolicy")
]


def test_the_workers_are_let_in_with_the_window_and_no_longer(real: RealDesk) -> None:
    real.equip(practice(reader=WORKER))
    before = real.everything()
    number = real.active()
    known, policy = (real.cluster.object(ref) for ref in READER)
    assert known["spec"]["identities"] == [WORKER]
    assert policy["spec"]["targetRef"]["name"] == "prometheus-admin"
    assert all(obj["metadata"]["labels"][MANAGED] == "true" for obj in (known, policy))
    assert {obj["metadata"]["uid"] for obj in (known, policy)} <= on_record(real)
    real.release(number)
    assert real.finish(number) is State.CLOSED
    assert real.everything() == before
    gone = {one["object"]: one["gone_at"] for target in real.undone(number) for one in target.get("objects", [])}
    assert all(gone[str(ref)] for ref in READER)


def test_the_reaper_takes_it_with_the_rest(real: RealDesk) -> None:
    real.equip(practice(reader=WORKER))
    before = real.everything()
    real.active(duration=timedelta(seconds=30))
    assert reap(real.cluster, grace=timedelta(days=-1), patience=timedelta(seconds=60), say=lambda _: None)
    assert real.everything() == before


def on_record(real: RealDesk) -> set[str | None]:
    with real.database.reading() as session:
        return {row.uid for row in session.query(CreatedObject).filter(CreatedObject.name == READER[0].name)}
