"""The figures of traffic as workers get them from a real Prometheus, and what becomes of them over time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.db import Database, database_now
from portal.models import Message, Namespace, Tenant, ToplineCluster
from tests import world
from tests.controlplane.certificates import Authority
from tests.prometheus import Server, running
from tests.samples import Traffic
from tests.workers.topline import CLUSTER, Front, Seat, front
from workers.topline import asking
from workers.topline import prometheus as server_door
from workers.topline.asking import call_for_topline
from workers.topline.sources import PLATFORM

pytestmark = pytest.mark.prometheus

EMOJI = ("emojivoto", "deployment", "emoji")
# bcrypt of U*U, the first of the algorithm's published test vectors.
PASSWORD, HASH = "U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"


@pytest.fixture
def seat(database: Database, tmp_path: Path) -> Seat:
    """The world with a worker, whose clusters file the test writes."""
    return Seat(database, tmp_path)


@pytest.fixture
def before(prometheus: Server) -> Iterator[Front]:
    """Something that stands before the server."""
    with front() as made:
        made.behind = prometheus.url
        yield made


def test_figures_of_every_kind_of_workload_are_written_down(seat: Seat, prometheus: Server) -> None:
    seat.write(prometheus={"url": prometheus.url})
    seat.ask()
    rows, told = seat.rows(), seat.cluster()
    assert (told.problem, told.source, told.busy_until) == (None, PLATFORM, None)
    assert told.seen_at is not None
    assert {key: (round(row.requests, 3), row.success, row.meshed) for key, row in rows.items()} == {
        ("bookstore", "deployment", "catalogue"): (3.0, 0.0, 1.0),
        EMOJI: (20.0, pytest.approx(0.75), 1.0),
        ("emojivoto", "deployment", "web"): (4.0, 1.0, pytest.approx(0.5)),
        ("emojivoto", "job", "migrate"): (1.0, 1.0, 1.0),
        ("emojivoto", "statefulset", "ledger"): (0.0, None, None),
    }
    emoji, ledger = rows[EMOJI], rows["emojivoto", "statefulset", "ledger"]
    assert (emoji.p50, emoji.p95, emoji.p99) == pytest.approx((35.0, 48.5, 49.7))
    assert (ledger.p50, ledger.p95, ledger.p99) == (None, None, None)


def test_the_last_hour_shows_when_it_began_to_fail(seat: Seat, prometheus: Server) -> None:
    seat.write(prometheus={"url": prometheus.url})
    seat.ask()
    hour = seat.rows()[EMOJI].hour
    assert [at for at, _, _ in hour] == list(range(hour[0][0], hour[0][0] + 60))
    failing = [at for at, _, success in hour if success < 0.999]
    began = (prometheus.now - 600) // 60
    assert failing == [at for at, _, _ in hour if at >= failing[0]]
    assert failing[0] - began in (0, 1, 2)


def test_only_minutes_that_are_not_known_are_asked_for(seat: Seat, before: Front) -> None:
    seat.write(prometheus={"url": before.address})
    seat.ask()
    first = seat.rows()[EMOJI].hour
    seat.ask()
    ranges = [form for path, form, _ in before.asked if path.endswith("query_range")]
    spans = [int(form["end"][0]) - int(form["start"][0]) for form in ranges]
    assert spans[0] == 59 * 60
    assert spans[1] <= 60
    second = seat.rows()[EMOJI].hour
    assert len(second) == 60
    assert second[-1][0] - first[-1][0] <= 1


def test_nothing_is_asked_twice_within_a_minute_nor_by_two_at_once(seat: Seat, before: Front) -> None:
    seat.write(prometheus={"url": before.address})
    seat.ask()
    seat.age(minutes=3)
    with seat.database.unit_of_work() as session:
        row = session.get_one(ToplineCluster, CLUSTER)
        row.busy_until = database_now(session) + timedelta(seconds=30)
    asked = len(before.asked)
    asking.ask(seat.context, CLUSTER)
    assert len(before.asked) == asked
    with seat.database.unit_of_work() as session:
        row = session.get_one(ToplineCluster, CLUSTER)
        row.busy_until, row.seen_at = None, database_now(session)
    asking.ask(seat.context, CLUSTER)
    assert len(before.asked) == asked


def test_only_namespaces_that_somebody_owns_are_asked_for(seat: Seat, before: Front) -> None:
    seat.write(prometheus={"url": before.address})
    seat.ask()
    queries = [form["query"][0] for _, form, _ in before.asked]
    assert queries
    assert all('namespace=~"bookstore|emojivoto"' in query for query in queries)
    assert not any("nobodys" in query for query in queries)


def test_a_namespace_that_changes_hands_takes_no_figures_along(seat: Seat, prometheus: Server) -> None:
    seat.write(prometheus={"url": prometheus.url})
    seat.ask()
    assert len(seat.rows()[EMOJI].hour) == 60
    with seat.database.unit_of_work() as session:
        books = session.scalars(select(Tenant).where(Tenant.name == "books")).one()
        place = session.scalars(select(Namespace).filter_by(cluster=CLUSTER, name="emojivoto")).one()
        place.tenant_id = books.id
    seat.ask()
    row = seat.rows()[EMOJI]
    assert len(row.hour) <= 2
    with seat.database.reading() as session:
        assert session.get_one(Tenant, row.tenant_id).name == "books"


def test_what_counted_nothing_for_an_hour_is_forgotten(seat: Seat, prometheus: Server) -> None:
    seat.write(prometheus={"url": prometheus.url})
    seat.ask()
    seat.age(minutes=50)
    call_for_topline(seat.context)
    assert EMOJI in seat.rows()
    seat.age(minutes=11)
    call_for_topline(seat.context)
    assert seat.rows() == {}


def test_too_large_an_answer_is_asked_for_in_halves(seat: Seat, before: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    seat.write(prometheus={"url": before.address})
    monkeypatch.setattr(server_door, "MOST_BYTES", 5_000)
    seat.ask()
    asked = [form["query"][0].partition('namespace=~"')[2].partition('"')[0] for _, form, _ in before.asked]
    assert asked[:2] == ["bookstore|emojivoto", "bookstore"]
    assert {key[0] for key in seat.rows()} == {"bookstore"}
    assert seat.problem().startswith("It answered with more than")


def test_a_token_signs_in_and_is_read_anew_each_time(seat: Seat, before: Front, tmp_path: Path) -> None:
    before.token = "a secret"
    (tmp_path / "token").write_text("a secret\n")
    seat.write(prometheus={"url": before.address, "token_file": "token"})
    seat.ask()
    assert EMOJI in seat.rows()
    (tmp_path / "token").write_text("another")
    seat.ask()
    assert seat.problem().startswith("It does not know Meshdesk")
    assert seat.cluster().source == PLATFORM
    (tmp_path / "token").unlink()
    seat.ask()
    assert seat.problem().startswith("What signs in there cannot be read")


def test_a_password_over_tls_is_held_to_the_authority_that_the_file_names(seat: Seat, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca", "prometheus")
    pair = authority.server("server")
    web = tmp_path / "web.yml"
    tls = f"{{cert_file: {pair.certificate}, key_file: {pair.key}}}"
    web.write_text(f"tls_server_config: {tls}\nbasic_auth_users: {{meshdesk: {HASH}}}\n")
    (tmp_path / "password").write_text(PASSWORD)
    entry = {"username": "meshdesk", "password_file": "password"}
    with running(tmp_path, [Traffic("emojivoto", "deployment", "emoji")], web=web) as server:
        seat.write(prometheus={"url": server.url, **entry, "ca_file": str(authority.pair.certificate)})
        seat.ask()
        assert list(seat.rows()) == [EMOJI]
        seat.write(prometheus={"url": server.url, **entry})
        seat.ask()
        assert seat.problem().startswith("Its certificate cannot be verified")
        (tmp_path / "password").write_text("wrong")
        seat.write(prometheus={"url": server.url, **entry, "ca_file": str(authority.pair.certificate)})
        seat.ask()
        assert seat.problem().startswith("It does not know Meshdesk")


def test_the_sweep_calls_once_for_each_cluster(seat: Seat) -> None:
    for _ in range(2):
        call_for_topline(seat.context)
    with seat.database.reading() as session:
        found = session.scalars(select(Message).where(Message.task == "meshdesk.topline")).all()
        assert sorted((one.subject, one.queue) for one in found) == [
            (name, f"cluster.{name}.look") for name in sorted(world.CLUSTERS)
        ]
