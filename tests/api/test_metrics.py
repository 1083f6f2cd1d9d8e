"""/metrics: what it tells comes from the rows, names no tenant, and is not for everybody."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import delete
from werkzeug.test import TestResponse

from portal import create_app, outbox
from portal.api.context import EXTENSION
from portal.config import Config
from portal.db import database_now
from portal.models import (
    Cluster,
    InventoryCluster,
    Message,
    PostureCluster,
    PostureHole,
    PostureWorkload,
    Ticket,
)
from tests import world
from tests.api.desk import Desk
from tests.certificates import write_down

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(desk: Desk) -> Samples:
    """Each sample by name and labels, read as Prometheus reads them."""
    answer = desk.client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "text/plain"
    families = text_string_to_metric_families(answer.text)
    return {
        (one.name.removeprefix("meshdesk_"), tuple(sorted(one.labels.items()))): one.value
        for family in families
        for one in family.samples
    }


def one(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, tuple(sorted(labels.items()))))


def change(desk: Desk, ref: str, **values: Any) -> None:
    """Let what a row says have happened some time ago; times are given as spans from now."""
    with desk.database.unit_of_work() as session:
        ticket, now = session.get_one(Ticket, int(ref[3:])), database_now(session)
        for name, span in values.items():
            setattr(ticket, name, now + span)


def test_tickets_by_state_and_kind(desk: Desk) -> None:
    assert not [name for name, _ in samples(desk) if name == "tickets"]
    desk.checked()
    desk.approved(fields=world.exception(workloads=["deployment/web"], inbound="7001"))
    desk.generic()
    desk.generic("outsider")
    found = samples(desk)
    assert one(found, "tickets", state="pending", kind="encryption-exception") == 1
    assert one(found, "tickets", state="approved", kind="encryption-exception") == 1
    assert one(found, "tickets", state="pending", kind="generic") == 2
    assert one(found, "tickets", state="approved", kind="generic") is None


def test_windows_past_their_end(desk: Desk) -> None:
    ref = desk.active()["ref"]
    found = samples(desk)
    for name in ("windows_past_end", "windows_past_end_oldest_seconds"):
        assert [one(found, name, phase=phase) for phase in ("live", "undo")] == [0, 0]
    change(desk, ref, expires_at=-timedelta(seconds=90))
    found = samples(desk)
    assert one(found, "windows_past_end", phase="live") == 1
    assert 90 <= (one(found, "windows_past_end_oldest_seconds", phase="live") or 0) < 150
    assert one(found, "windows_past_end", phase="undo") == 0


def test_undos_that_take_longer_than_promised(desk: Desk) -> None:
    ref = desk.active()["ref"]
    desk.post(f"tickets/{ref}/release", {"reason": "done"})
    assert one(samples(desk), "windows_past_end", phase="undo") == 0
    change(desk, ref, ended_at=-timedelta(seconds=30), expires_at=-timedelta(seconds=30))
    found = samples(desk)
    assert one(found, "windows_past_end", phase="undo") == 1
    assert 30 <= (one(found, "windows_past_end_oldest_seconds", phase="undo") or 0) < 90
    assert one(found, "windows_past_end", phase="live") == 0


def test_the_age_of_the_oldest_message_of_each_queue(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        session.execute(delete(Message))
        for age in (40, 20):
            outbox.ask_inventory(session, f"of-{age}", now=now - timedelta(seconds=age))
        outbox.send(session, outbox.Call("meshdesk.undo", 7, "cluster.a.undo"), now=now - timedelta(seconds=60))
        later = outbox.Call("meshdesk.undo", 8, "cluster.b.undo", timedelta(hours=1))
        outbox.send(session, later, now=now)
        taken = outbox.send(session, outbox.Call("meshdesk.apply", 9, "cluster.c.apply"), now=now)
        outbox.take(session, taken.id, now=now)
    found = {labels: value for (name, labels), value in samples(desk).items() if name == "queue_oldest_seconds"}
    ages = {dict(labels)["queue"]: value for labels, value in found.items()}
    assert set(ages) == {"cluster.of-40.apply", "cluster.of-20.apply", "cluster.a.undo"}
    assert 60 <= ages["cluster.a.undo"] < 120


def test_clusters_that_fail_and_clusters_that_are_paused(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        seen = session.get_one(InventoryCluster, "practice")
        seen.problem, seen.seen_at = "The API server of emojis does not answer.", database_now(session) - timedelta(60)
        session.add(Cluster(name="unseen", environment="sandbox"))
        session.add(Cluster(name="retired", environment="sandbox", active=False))
    desk.post("clusters/playground/pause", {"reason": "an upgrade for emojis"}, "operator")
    found = samples(desk)
    names = ("practice", "playground", "unseen", "retired")
    assert [one(found, "cluster_failing", cluster=name) for name in names] == [1, 0, 0, None]
    assert [one(found, "cluster_paused", cluster=name) for name in names] == [0, 1, 0, None]
    assert [one(found, "inventory_age_seconds", cluster=name) is None for name in names] == [False, False, True, True]
    assert (one(found, "inventory_age_seconds", cluster="practice") or 0) >= timedelta(60).total_seconds()


def test_posture_by_standing_code_and_age(desk: Desk) -> None:
    assert not [name for name, _ in samples(desk) if name.startswith("posture")]
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        seen = now - timedelta(seconds=90)
        session.add(PostureCluster(cluster="practice", tried_at=now, seen_at=seen, problem="It is away.", facts={}))
        session.add(PostureCluster(cluster="playground", tried_at=now, facts={}))
        where = {"cluster": "practice", "namespace": "emojivoto", "kind": "deployment", "seen_at": seen}
        for name, standing in (("web", "encrypted"), ("emoji", "partly"), ("voting", "partly")):
            session.add(PostureWorkload(**where, name=name, standing=standing, pods=1, meshed_pods=1, facts={}))
        for name, since, gone in (("emoji", None, None), ("voting", now, None), ("web", now, now)):
            told = {"detail": {}, "tickets": [], "first_seen_at": seen, "unexplained_since": since, "gone_at": gone}
            session.add(PostureHole(**where, name=name, code="skip-inbound", **told))
    found = samples(desk)
    standings = ("encrypted", "partly", "unmeshed")
    counts = [one(found, "posture_workloads", cluster="practice", standing=standing) for standing in standings]
    assert counts == [1, 2, None]
    for explained in ("true", "false"):
        assert one(found, "posture_holes", cluster="practice", code="skip-inbound", explained=explained) == 1
    assert [one(found, "posture_failing", cluster=name) for name in ("practice", "playground")] == [1, 0]
    assert 90 <= (one(found, "posture_age_seconds", cluster="practice") or 0) < 150
    assert one(found, "posture_age_seconds", cluster="playground") is None
    assert "emojivoto" not in desk.client.get("/metrics").text


def test_it_names_no_tenant_no_person_and_no_reason(desk: Desk) -> None:
    desk.active()
    desk.generic()
    desk.post("clusters/playground/pause", {"reason": "an upgrade"}, "operator")
    text = desk.client.get("/metrics").text
    assert 'kind="generic"' in text
    for word in ("emojis", "emojivoto", "member", "operator", "upgrade", "vendor"):
        assert word not in text


def scrape(config: Config, *, address: str = "127.0.0.1", **headers: str) -> TestResponse:
    """A scrape from an address, of an application with these settings."""
    app = create_app(config)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return app.test_client().get("/metrics", headers=sent, environ_base={"REMOTE_ADDR": address})
    finally:
        app.extensions[EXTENSION].database.dispose()


@pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("::1", 200), ("192.0.2.7", 403), ("", 403)])
def test_without_a_token_only_this_machine_reads_it(config: Config, address: str, status: int) -> None:
    answer = scrape(config, address=address)
    assert answer.status_code == status
    assert ("MESHDESK_METRICS_TOKEN" in answer.text) is (status == 403)


@pytest.mark.parametrize("header", ["X_Forwarded_For", "Forwarded", "X_Real_IP"])
def test_a_proxy_on_this_machine_does_not_open_it(config: Config, header: str) -> None:
    assert scrape(config, **{header: "192.0.2.7"}).status_code == 403


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer secret-but-other"}, 401),
        ({"Authorization": "Bearer sécret"}, 401),
        ({"Authorization": "Basic c2VjcmV0OnNlY3JldA=="}, 401),
        ({"Authorization": f"Bearer {world.TOKENS['operator']}"}, 401),
        ({"Authorization": "Bearer secret"}, 200),
    ],
)
def test_with_a_token_everybody_needs_it_and_nobody_else(config: Config, given: dict[str, str], status: int) -> None:
    answer = scrape(replace(config, metrics_token="secret"), address="192.0.2.7", **given)
    assert answer.status_code == status
    assert (answer.headers.get("WWW-Authenticate") is not None) is (status == 401)
    assert "secret" not in answer.text


def test_without_a_database_it_is_503(config: Config) -> None:
    assert scrape(replace(config, database_url="sqlite:////nowhere/meshdesk.db")).status_code == 503


def test_certificates_tell_when_they_end(desk: Desk) -> None:
    write_down(desk.database, trust_anchor=timedelta(days=20), issuer=None)
    found = samples(desk)
    labels = {"cluster": "practice", "role": "trust-anchor", "subject": "CN=trust-anchor"}
    more = {"fingerprint": "cd" * 8, "source": "ConfigMap of trust-anchor"}
    ends = one(found, "certificate_expiry_timestamp_seconds", **labels, **more)
    assert len([name for name, _ in found if name.startswith("certificate")]) == 1
    assert ends is not None
    assert abs(ends - time.time() - 20 * 86_400) < 60
