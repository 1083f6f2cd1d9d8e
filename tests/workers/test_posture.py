"""Posture on the practice cluster: what is open is found, explained by tickets, and gone when it is mended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from sqlalchemy import delete, select, update

from portal.db import database_now
from portal.mesh.annotations import DEBUG_SIDECAR, INJECT, SKIP_INBOUND
from portal.mesh.holes import words
from portal.mesh.leftovers import TAP_ENABLED
from portal.mesh.workloads import WorkloadRef
from portal.models import Message, PostureCluster, PostureCount, PostureHole, PostureWorkload
from portal.states import State
from tests.workers.desk import EMOJI, Desk, Interrupted
from workers.posture import read_posture
from workers.posture_claim import Claim, Lost
from workers.posture_counts import KEEP_ALL, KEEP_HOURLY
from workers.posture_due import AT_MOST_EVERY, due

HERE = "emojivoto"


def read(desk: Desk) -> None:
    read_posture(desk.context, "practice")


def row(desk: Desk) -> PostureCluster:
    with desk.database.reading() as session:
        return session.get_one(PostureCluster, "practice")


def workload(desk: Desk, ref: WorkloadRef = EMOJI) -> PostureWorkload:
    with desk.database.reading() as session:
        query = select(PostureWorkload).where(
            PostureWorkload.cluster == "practice",
            PostureWorkload.namespace == ref.namespace,
            PostureWorkload.kind == ref.kind,
            PostureWorkload.name == ref.name,
        )
        return session.scalars(query).one()


def holes(desk: Desk, name: str = "emoji", *, gone: bool = False) -> dict[str, PostureHole]:
    with desk.database.reading() as session:
        query = select(PostureHole).where(PostureHole.namespace == HERE, PostureHole.name == name)
        query = query.where(PostureHole.gone_at.is_not(None) if gone else PostureHole.gone_at.is_(None))
        return {hole.code: hole for hole in session.scalars(query)}


def test_a_cluster_is_read_whole(desk: Desk) -> None:
    read(desk)
    found = row(desk)
    assert found.problem is None
    assert found.seen_at is not None
    assert found.reading_until is None
    assert found.facts["version"] == "edge-26.6.3"
    emoji = workload(desk)
    assert (emoji.standing, emoji.meshed_pods) == ("encrypted", emoji.pods)
    assert emoji.pods > 0
    assert holes(desk) == {}
    with desk.database.reading() as session:
        read_ = set(session.scalars(select(PostureWorkload.namespace)))
    assert HERE in read_
    assert not read_ & {"kube-system", "linkerd"}


def test_what_no_ticket_explains_is_told_with_who_made_it_and_since_when(desk: Desk) -> None:
    desk.edit({SKIP_INBOUND: "4567,4568,8080"})
    read(desk)
    hole = holes(desk)["skip-inbound"]
    assert hole.detail["ports"] == "8080"
    assert hole.made_by == "kubectl (Update)"
    assert hole.made_at is not None
    assert abs(datetime.now(UTC) - hole.made_at) < timedelta(minutes=1)
    assert hole.tickets == []
    assert hole.unexplained_since == hole.first_seen_at
    assert workload(desk).standing == "partly"
    fact, _ = words(hole.code, hole.detail)
    assert fact.startswith("Past the proxy go inbound 8080 in ")


def test_a_hole_keeps_its_age_and_goes_when_it_is_mended(desk: Desk) -> None:
    desk.edit({SKIP_INBOUND: "8080"})
    read(desk)
    first = holes(desk)["skip-inbound"]
    read(desk)
    again = holes(desk)["skip-inbound"]
    assert (again.id, again.first_seen_at) == (first.id, first.first_seen_at)
    assert again.unexplained_since == first.unexplained_since
    assert again.seen_at > first.seen_at
    desk.edit({SKIP_INBOUND: None})
    read(desk)
    assert holes(desk) == {}
    assert holes(desk, gone=True)["skip-inbound"].gone_at is not None
    assert workload(desk).standing == "encrypted"


def test_a_live_ticket_explains_its_own_ports_and_no_others(desk: Desk) -> None:
    number = desk.active("7001")
    read(desk)
    hole = holes(desk)["skip-inbound"]
    assert (hole.tickets, hole.unexplained_since) == ([number], None)
    desk.edit({SKIP_INBOUND: "4567,4568,7001,9000"})
    read(desk)
    hole = holes(desk)["skip-inbound"]
    assert hole.tickets == [number]
    assert hole.unexplained_since is not None
    assert hole.detail["left"] == "9000"


def test_what_a_closed_ticket_left_is_not_there(desk: Desk) -> None:
    number = desk.active("7001")
    read(desk)
    desk.close(number)
    read(desk)
    assert holes(desk) == {}


def test_a_ticket_without_proxy_explains_pods_without_one(desk: Desk) -> None:
    number = desk.active("", mode="disable-injection")
    read(desk)
    assert holes(desk)["unmeshed"].tickets == [number]
    assert holes(desk)["unmeshed"].unexplained_since is None
    assert workload(desk).standing == "unmeshed"


def test_a_debug_container_that_no_ticket_asks_for_is_a_hole(desk: Desk) -> None:
    desk.edit({DEBUG_SIDECAR: "true"})
    read(desk)
    assert holes(desk)["debug-container"].unexplained_since is not None


def test_what_a_namespace_makes_is_told_on_it_once(desk: Desk) -> None:
    ref = WorkloadRef("namespace", "", HERE)
    desk.practice.apply_as("kubectl", ref, {"metadata": {"annotations": {INJECT: "Enabled"}}})
    desk.edit({"example/restarted": "1"})
    read(desk)
    assert "unmeshed" not in holes(desk)
    hole = holes(desk, HERE)["unmeshed"]
    assert (hole.kind, hole.made_by) == ("namespace", "kubectl (Update)")
    # The CronJob has no pods: what its next ones would be counts. Pods of other workloads run on as they are.
    assert hole.detail["named"] == ["cronjob/nightly-report", "deployment/emoji"]
    assert 'is "Enabled", which is no valid value' in words(hole.code, hole.detail)[0]
    assert workload(desk).facts["by_namespace"] == ["unmeshed"]


def test_pods_that_run_as_before_are_told_of_a_template_that_is_mended(desk: Desk) -> None:
    desk.practice.set("injector_down", True)
    desk.edit({"example/restarted": "1"})
    desk.practice.set("injector_down", False)
    read(desk)
    hole = holes(desk)["unmeshed"]
    assert hole.detail["before"] is True
    assert "mended already" in words(hole.code, hole.detail)[0]
    assert workload(desk).facts["next"] == "encrypted"


def test_ports_that_stop_requiring_an_identity_are_a_hole_until_they_do_again(desk: Desk) -> None:
    key = "config.linkerd.io/proxy-require-identity-inbound-ports"
    desk.edit({key: "8080,8801"})
    read(desk)
    assert holes(desk) == {}
    desk.edit({key: "8801"})
    for _ in range(2):
        read(desk)
        hole = holes(desk)["weaker-policy"]
        assert hole.detail["values"] == [[key, "8080"]]
    assert words(hole.code, hole.detail)[0].startswith("Ports 8080 no longer require an identity in all")
    desk.edit({key: "8080,8801"})
    read(desk)
    assert holes(desk) == {}


def test_a_reading_that_fails_leaves_the_rest_and_says_why(desk: Desk) -> None:
    desk.edit({SKIP_INBOUND: "8080"})
    read(desk)
    before = row(desk)
    desk.practice.set("unreachable", True)
    read(desk)
    after = row(desk)
    assert after.problem
    assert after.seen_at == before.seen_at
    assert after.tried_at > before.tried_at
    assert holes(desk)["skip-inbound"].gone_at is None
    desk.practice.set("unreachable", False)
    read(desk)
    assert row(desk).problem is None


def test_a_namespace_that_vanished_is_no_failure(desk: Desk) -> None:
    desk.edit({SKIP_INBOUND: "8080"})
    read(desk)
    desk.practice.delete(WorkloadRef("namespace", "", HERE))
    read(desk)
    assert row(desk).problem is None
    assert holes(desk) == {}


def test_only_one_worker_reads_a_cluster_at_a_time(desk: Desk) -> None:
    claim = Claim.take(desk.database, "practice")
    assert claim is not None
    read(desk)
    assert row(desk).seen_at is None
    with desk.database.unit_of_work() as session:
        past = database_now(session) - timedelta(seconds=1)
        session.execute(update(PostureCluster).values(reading_until=past))
    read(desk)
    assert row(desk).seen_at is not None
    with pytest.raises(Lost), desk.database.unit_of_work() as session:
        claim.hold(session, problem="late")
    assert row(desk).problem is None


def test_counts_are_kept_by_tenant_and_thinned(desk: Desk) -> None:
    read(desk)
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        for age, hourly in ((KEEP_ALL, False), (KEEP_ALL, True), (KEEP_HOURLY, True)):
            at = now - age - timedelta(minutes=1)
            numbers = {"encrypted": 1, "partly": 0, "unmeshed": 0, "holes": 0, "unexplained": 0}
            session.add(PostureCount(cluster="practice", tenant_id=None, at=at, hourly=hourly, **numbers))
    read(desk)
    with desk.database.reading() as session:
        counts = session.scalars(select(PostureCount).order_by(PostureCount.at)).all()
    old = [one for one in counts if one.at < now - timedelta(hours=1)]
    assert [(one.hourly, one.at > now - KEEP_HOURLY) for one in old] == [(True, True)]
    new = [one for one in counts if one.at >= now - timedelta(hours=1)]
    assert {one.tenant_id is None for one in new} >= {False}
    assert sum(one.encrypted + one.partly + one.unmeshed for one in new) == 2 * len(_workloads(desk))


def _workloads(desk: Desk) -> list[Any]:
    with desk.database.reading() as session:
        return list(session.scalars(select(PostureWorkload)))


def test_a_reading_is_due_at_first_every_so_often_and_soon_after_work(desk: Desk) -> None:
    every = timedelta(minutes=5)
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        assert "practice" not in set(due(session, now, every))
        session.execute(delete(PostureCluster))
        assert "practice" in set(due(session, now, every))
    read(desk)
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        soon, later = now + AT_MOST_EVERY + timedelta(seconds=11), now + every
        assert "practice" not in set(due(session, soon, every))
        assert "practice" in set(due(session, later, every))
        session.add(_taken("meshdesk.apply", now + timedelta(seconds=5)))
        session.flush()
        assert "practice" not in set(due(session, now + timedelta(seconds=20), every))
        assert "practice" in set(due(session, soon, every))


def _taken(task: str, at: datetime) -> Message:
    moments = {"created_at": at, "due_at": at, "sent_at": at, "taken_at": at}
    return Message(task=task, queue="cluster.practice.apply", subject="1", **moments)


def test_a_ticket_that_ends_while_its_pods_are_read_explains_them(desk: Desk) -> None:
    number = desk.active("7001")
    door = Interrupted(desk.practice)

    for namespace in desk.practice.namespaces():
        if namespace["metadata"]["name"] not in (HERE, "linkerd"):
            desk.practice.delete(WorkloadRef("namespace", "", namespace["metadata"]["name"]))
    # ReplicaSets are asked for once the pods are read.
    door.before["metadata"] = lambda: desk.close(number)
    read_posture(desk.worker(door), "practice")
    assert row(desk).problem is None
    assert desk.state(number) is State.CLOSED
    hole = holes(desk)["skip-inbound"]
    assert hole.detail["before"] is True
    assert (hole.tickets, hole.unexplained_since) == ([number], None)
    read(desk)
    assert holes(desk) == {}


def test_a_reading_that_breaks_half_way_leaves_what_was_known_of_the_rest(desk: Desk) -> None:
    desk.edit({SKIP_INBOUND: "8080"})
    read(desk)
    before = row(desk)
    door = Interrupted(desk.practice)
    door.before["metadata"] = lambda: desk.practice.set("unreachable", True)
    read_posture(desk.worker(door), "practice")
    desk.practice.set("unreachable", False)
    after = row(desk)
    assert after.problem
    assert after.reading_until is None
    assert after.seen_at == before.seen_at
    assert holes(desk)["skip-inbound"].gone_at is None


def test_what_taps_left_is_told_and_asks_for_no_ticket(desk: Desk) -> None:
    desk.edit({TAP_ENABLED: "true"})
    read(desk)
    left = holes(desk)["tap-left"]
    assert left.unexplained_since is None
    assert "there is no Viz on the cluster" in words(left.code, left.detail)[0]
    assert workload(desk).standing == "encrypted"


def test_an_old_trust_root_and_an_old_proxy_are_told_of_pods_that_were_not_restarted(desk: Desk) -> None:
    config = WorkloadRef("configmap", "linkerd", "linkerd-config")
    skipped = {f"ignore{way}Ports": "4567,4568" for way in ("Inbound", "Outbound")}
    values = {"linkerdVersion": "edge-26.7.1", "identityTrustAnchorsPEM": "new", "proxyInit": skipped}
    roots = WorkloadRef("configmap", "linkerd", "linkerd-identity-trust-roots")
    desk.practice.apply_as("helm", roots, {"data": {"ca-bundle.crt": "new"}})
    desk.practice.apply_as("helm", config, {"data": {"values": yaml.safe_dump(values)}})
    read(desk)
    found = holes(desk)
    assert set(found) == {"stale-trust-root", "old-proxy"}
    assert {one.unexplained_since for one in found.values()} == {None}
    fact, _ = words("old-proxy", found["old-proxy"].detail)
    assert fact.startswith("Proxy edge-26.6.3 runs in all")
    assert fact.endswith("the control plane has edge-26.7.1.")
