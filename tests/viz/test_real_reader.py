"""Who may read Viz's Prometheus, on a real control plane: let in with the window, by name, and gone with it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from portal.mesh.objects import MANAGED, ObjectRef
from portal.models import CreatedObject, ToplineCluster, ToplineWorkload
from portal.states import State
from tests.prometheus import running
from tests.samples import Traffic
from tests.unit.viz.bundles import practice
from tests.viz.scene import RealDesk
from workers.topline.asking import ask
from workers.topline.sources import VIZ
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


@pytest.mark.prometheus
def test_figures_come_from_vizs_prometheus_while_the_window_is_open(
    real: RealDesk, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No container runs here, so the clusters file says where a Prometheus stands that has what Viz's would have."""
    real.equip(practice(reader=WORKER))
    file = tmp_path / "clusters.yaml"
    with running(tmp_path_factory.mktemp("vizs"), [Traffic(real.emojis, "deployment", "web")]) as server:
        file.write_text(yaml.safe_dump({"practice": {"in_cluster": True, "viz_prometheus": {"url": server.url}}}))
        context = real.worker(clusters_file=file)
        ask(context, "practice")
        assert figures(real) == (
            VIZ,
            "Figures come from Viz here, and Viz is not open now: ask for it to see them.",
            [],
        )
        number = real.active()
        ask(context, "practice")
        assert figures(real) == (VIZ, None, [(real.emojis, "web", 10.0)])
        real.release(number)
        assert real.finish(number) is State.CLOSED
        forget_the_minute(real)
        ask(context, "practice")
        assert "Viz is not open now" in (figures(real)[1] or "")


def figures(real: RealDesk) -> tuple[str | None, str | None, list[tuple[str, str, float]]]:
    """Whom workers ask, why there is nothing newer, and what there is."""
    with real.database.reading() as session:
        row = session.get_one(ToplineCluster, "practice")
        found = [(one.namespace, one.name, round(one.requests, 3)) for one in session.query(ToplineWorkload)]
        return row.source, row.problem, found


def forget_the_minute(real: RealDesk) -> None:
    """Let a minute pass for the workers."""
    with real.database.unit_of_work() as session:
        row = session.get_one(ToplineCluster, "practice")
        assert row.seen_at is not None
        row.seen_at -= timedelta(minutes=1)
