"""Why there are no figures: whatever stands in a Prometheus' place, the row has a sentence that says what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portal.db import Database
from portal.mesh.viz.views import VIZ_REF
from portal.models import Target
from tests.unit.viz.bundles import practice
from tests.workers.topline import CLUSTER, Front, Seat, front
from workers.topline import prometheus as server_door
from workers.topline.sources import VIZ
from workers.viz.memory import Memory

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EMPTY = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": []}}).encode()


@pytest.fixture
def seat(database: Database, tmp_path: Path) -> Seat:
    """The world with a worker, whose clusters file the test writes."""
    return Seat(database, tmp_path)


@pytest.fixture
def stand(seat: Seat) -> Iterator[Front]:
    """Something in the place of the cluster's Prometheus, which has nothing to tell."""
    with front() as made:
        made.body = EMPTY
        seat.write(prometheus={"url": made.address})
        yield made


def failed(kind: str) -> bytes:
    return json.dumps({"status": "error", "errorType": kind, "error": "secret words"}).encode()


def answered(result: Any) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}).encode()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((403, {}, b""), "It refuses what Meshdesk's workers sign in with"),
        ((401, {}, b""), "It does not know Meshdesk"),
        ((302, {"Location": "https://elsewhere.example.com/"}, b""), "It leads to another address"),
        ((404, {}, b"<html>"), "What answers there (404) is not a Prometheus"),
        ((200, {}, b"<html>welcome</html>"), "What answers there (200) is not a Prometheus"),
        ((200, {}, b"[]"), "What answers there (200) is not a Prometheus"),
        ((200, {}, b'{"status": "success", "data": {"result": [{"metric": 1}]}}'), "is not a Prometheus"),
        ((200, {}, b'{"status": "success", "data": {}}'), "is not a Prometheus"),
        ((200, {}, answered([{"metric": {}, "values": [[1, "many"]]}])), "is not a Prometheus"),
        ((503, {}, failed("timeout")), "It was too slow to answer"),
        ((503, {}, b""), "It is not ready, or too busy to answer"),
        ((422, {}, failed("execution")), "It refused the question as too large"),
        ((400, {}, failed("bad_data")), "It could not answer"),
        ((500, {"l5d-proxy-error": "connect timed out"}, b""), "Linkerd's proxy before it answered 500"),
        ((200, {}, EMPTY), "Prometheus answers, but has no figures of these namespaces"),
    ],
)
def test_each_refusal_has_its_sentence(
    seat: Seat, stand: Front, given: tuple[int, dict[str, str], bytes], said: str
) -> None:
    stand.status, stand.headers, stand.body = given
    seat.ask()
    assert said in seat.problem()
    assert "127.0.0.1" not in seat.problem()
    assert "secret words" not in seat.problem()
    assert seat.cluster().busy_until is None
    assert seat.rows() == {}


def test_a_redirect_is_never_followed(seat: Seat, stand: Front) -> None:
    with front() as elsewhere:
        stand.status, stand.headers = 307, {"Location": f"{elsewhere.address}/api/v1/query_range"}
        seat.ask()
        assert elsewhere.asked == []


def test_one_that_is_away_is_unreachable(seat: Seat) -> None:
    with front() as gone:
        seat.write(prometheus={"url": gone.address})
    seat.ask()
    assert seat.problem().startswith("It cannot be reached")


def test_one_that_trickles_is_too_slow(seat: Seat, stand: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_door, "WHOLE_SECONDS", 0.1)
    stand.body, stand.seconds_a_piece = b" " * 100_000 + EMPTY, 0.01
    seat.ask()
    assert seat.problem().startswith("It was too slow to answer")


def test_one_that_says_nothing_is_too_slow(seat: Seat, stand: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_door, "SILENT_SECONDS", 0.1)
    stand.body, stand.seconds_a_piece = EMPTY * 100, 0.5
    seat.ask()
    assert seat.problem().startswith("It was too slow to answer")


def test_what_was_known_stays_with_why_there_is_nothing_newer(seat: Seat, stand: Front) -> None:
    labels = {"namespace": "emojivoto", "deployment": "emoji", "classification": "success", "tls": "true"}
    stand.body = answered([{"metric": labels, "values": [[1_800_000_000, "60"]]}])
    seat.ask()
    assert seat.problem() == ""
    seen = seat.cluster().seen_at
    stand.status = 403
    seat.age(minutes=2)
    seat.ask()
    assert len(seat.rows()) == 1
    assert seat.problem().startswith("It refuses")
    assert seen is not None


def test_what_is_no_workload_of_the_namespaces_that_were_asked_for_is_left_out(seat: Seat, stand: Front) -> None:
    own = {"classification": "success", "tls": "true"}
    values = [[1_800_000_000, "60"], [1_800_000_060, "NaN"]]
    stand.body = answered(
        [
            {"metric": {**own, "namespace": "nobodys", "deployment": "emoji"}, "values": values},
            {"metric": {**own, "namespace": "emojivoto", "deployment": "x" * 254}, "values": values},
            {"metric": {**own, "namespace": "emojivoto", "pod": "emoji-0"}, "values": values},
            {"metric": {**own, "namespace": "emojivoto", "deployment": "emoji"}, "values": values},
        ]
    )
    seat.ask()
    assert set(seat.rows()) == {("emojivoto", "deployment", "emoji")}


def test_where_no_prometheus_is_named_the_sentence_says_who_may(seat: Seat) -> None:
    for write in (lambda: None, seat.write):
        write()
        seat.ask()
        assert seat.problem().startswith("Meshdesk's workers have no Prometheus to ask for this cluster")
        assert seat.cluster().source is None


def test_vizs_is_asked_only_while_tickets_have_viz_there(seat: Seat) -> None:
    with front() as viz:
        viz.status = 403
        seat.write(viz_prometheus={"url": viz.address})
        seat.ask()
        assert seat.problem().startswith("Figures come from Viz here, and Viz is not open now")
        assert (seat.cluster().source, viz.asked) == (VIZ, [])
        up = Memory(bundle=practice(), since=NOW, up_at=NOW)
        keep(seat, up)
        seat.ask()
        assert "name the workers' as prometheus_reader in the registry" in seat.problem()
        assert seat.cluster().source == VIZ
        asked = len(viz.asked)
        assert asked == 1
        keep(seat, Memory(bundle=practice(), since=NOW, up_at=NOW, removing=True))
        seat.ask()
        assert len(viz.asked) == asked


def keep(seat: Seat, memory: Memory) -> None:
    """What workers remember of the cluster's Viz."""
    with seat.database.unit_of_work() as session:
        for target in session.query(Target).filter_by(kind=VIZ_REF.kind):
            session.delete(target)
        session.flush()
        ref = VIZ_REF
        session.add(
            Target(cluster=CLUSTER, kind=ref.kind, namespace=ref.namespace, name=ref.name, memory=memory.to_json())
        )
