"""The probe of a ticket: what it dials, what it keeps, which rule the ticket then meets, and how it goes on."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from portal.errors import Transient
from portal.models import Event, Message, Notice, Ticket
from portal.states import State
from portal.tickets import deciding, ending
from portal.tickets.probing import CALL_AGAIN, GIVE_UP
from tests.probe.listening import Serve, answers, closing, listening, tls
from tests.workers.conftest import desk, stage
from tests.workers.desk import FILE, Desk, Interrupted
from tests.workers.receivers import free_port
from workers.cluster.practice_store import Store
from workers.sweep import sweep

__all__ = ["desk", "stage"]

HTTP = answers(b"HTTP/1.1 400 Bad Request\r\n\r\n")
ADDRESSES = ("127.7.1.1", "127.7.1.2", "127.7.1.3")


def on_loopback(desk: Desk, **rules: Any) -> None:
    """Give the pods of emoji addresses on which tests listen, on a cluster whose operators allow that."""
    desk.say(loopback=True, **rules)
    pods = sorted(desk.practice.pods(desk.object()), key=lambda pod: pod["metadata"]["name"])
    with Store(desk.folder / FILE, timeout=5).transaction() as stored:
        for pod, address in zip(pods, ADDRESSES, strict=False):
            addresses = {"podIP": address, "podIPs": [{"ip": address}]}
            stored.put({**pod, "status": {**pod["status"], **addresses}})


@contextmanager
def everywhere(serve: Serve, *others: Serve) -> Iterator[int]:
    """The one port at which each pod's address is served: the first by `others` in turn, the rest alike."""
    port = free_port()
    with _all([*others, *[serve] * len(ADDRESSES)][: len(ADDRESSES)], port):
        yield port


@contextmanager
def _all(serves: list[Serve], port: int) -> Iterator[None]:
    if not serves:
        yield
        return
    address = ADDRESSES[len(ADDRESSES) - len(serves)]
    with listening(serves[0], address, port), _all(serves[1:], port):
        yield


def asked(desk: Desk, inbound: str, environment: str | None = None, **more: Any) -> int:
    """A ticket that a worker has looked at, in another environment where one is named."""
    number = desk.ask(inbound, **more)
    if environment is not None:
        with desk.database.unit_of_work() as session:
            session.get_one(Ticket, number).environment = environment
    desk.preflight(number)
    return number


def probed(desk: Desk, number: int) -> dict[str, Any]:
    """What the probe of a ticket came to; it is called for by now, and only once."""
    assert desk.deliver("meshdesk.probe") == 1
    return desk.evidence(number, "probe")


def last_event(desk: Desk, number: int, type_: str) -> dict[str, Any]:
    with desk.database.reading() as session:
        query = select(Event.payload).where(Event.chain == f"MD-{number}", Event.type == type_)
        return dict(session.scalars(query.order_by(Event.number)).all()[-1] or {})


def test_what_encrypts_is_verified_with_the_facts_of_its_handshake(desk: Desk, certificate: Path) -> None:
    on_loopback(desk)
    with everywhere(tls(certificate)) as port:
        number = asked(desk, str(port))
        found = probed(desk, number)
    assert found["result"] == "verified"
    (line,) = found["ports"]
    assert (line["workload"], line["direction"], line["ports"]) == ("deployment/emoji", "inbound", str(port))
    assert line["where"].startswith("pod emoji-")
    assert line["tls"]["certificate"]["subject"] == "CN=emoji.emojivoto.svc"
    assert desk.events(number)[-1] == "evidence:probe"
    # In production a partner decides all the same.
    assert (desk.state(number), desk.ticket(number).rule) == (State.PENDING, "skip-ports-encrypted")


def test_in_staging_the_policy_approves_what_is_verified(desk: Desk, certificate: Path) -> None:
    on_loopback(desk)
    with everywhere(tls(certificate)) as port:
        number = asked(desk, str(port), "staging")
        assert desk.ticket(number).rule == "skip-ports-encrypted"
        probed(desk, number)
    ticket = desk.ticket(number)
    assert (ticket.state, ticket.rule, ticket.automatic) == (State.APPROVED, "skip-ports-verified-staging", True)
    assert desk.events(number)[-3:] == ["evidence:probe", "ticket:rerouted", "ticket:approved"]


def test_what_is_contradicted_is_no_easier_than_no_encryption_and_says_why(desk: Desk) -> None:
    on_loopback(desk)
    with everywhere(HTTP) as port:
        number = asked(desk, str(port), cluster="playground")
        assert (desk.state(number), desk.ticket(number).automatic) == (State.PENDING, True)
        found = probed(desk, number)
    ticket = desk.ticket(number)
    assert (ticket.state, ticket.rule, ticket.automatic) == (State.PENDING, "skip-ports-unencrypted", False)
    why = f"deployment/emoji, inbound {port}: It answers in clear text: HTTP."
    assert (found["result"], found["why"]) == ("contradicted", why)
    assert last_event(desk, number, "ticket:rerouted")["why"] == f"By the TLS probe, contradicted: {why}"
    with desk.database.reading() as session:
        told = session.scalars(select(Notice).where(Notice.ticket_id == number)).all()
    assert {one.sort for one in told} == {"waiting-for-you"}
    desk.decide(number, "partner")
    assert desk.state(number) is State.APPROVED


def test_looking_again_keeps_what_the_last_probe_said_until_the_next_one_ends(desk: Desk, certificate: Path) -> None:
    on_loopback(desk)
    with everywhere(HTTP) as port:
        number = asked(desk, str(port), "staging")
        probed(desk, number)
    assert desk.ticket(number).rule == "skip-ports-unencrypted"
    desk.preflight(number)
    assert desk.ticket(number).rule == "skip-ports-unencrypted"
    with _all([tls(certificate)] * len(ADDRESSES), port):
        assert probed(desk, number)["result"] == "verified"
    assert desk.state(number) is State.APPROVED


def test_the_weakest_of_the_pods_counts(desk: Desk, certificate: Path) -> None:
    on_loopback(desk)
    with everywhere(tls(certificate), HTTP) as port:
        found = probed(desk, asked(desk, str(port)))
    assert found["result"] == "contradicted"
    assert len(found["ports"]) == 1


def test_what_was_decided_while_it_ran_stands_and_the_evidence_is_kept(desk: Desk, certificate: Path) -> None:
    on_loopback(desk)
    secured, decided = tls(certificate), []

    def serve(connection: socket.socket) -> None:
        if not decided:
            decided.append(True)
            desk.decide(number, "partner")
        secured(connection)

    with everywhere(serve) as port:
        number = asked(desk, str(port), "staging")
        assert probed(desk, number)["result"] == "verified"
    ticket = desk.ticket(number)
    assert (ticket.state, ticket.rule) == (State.APPROVED, "skip-ports-encrypted")
    assert desk.events(number)[-3:] == ["decision:approve", "ticket:approved", "evidence:probe"]


def test_a_policy_that_refuses_the_probe_contradicts_nothing(desk: Desk) -> None:
    on_loopback(desk)
    desk.edit({"config.linkerd.io/default-inbound-policy": "deny"})
    on_loopback(desk)
    with everywhere(closing) as port:
        found = probed(desk, asked(desk, str(port)))
    assert found["result"] == "blocked by policy"
    assert "is deny" in found["why"]


def test_addresses_of_the_workers_own_machine_are_not_dialled_unless_the_operators_say_so(desk: Desk) -> None:
    dialled: list[bool] = []
    on_loopback(desk)
    desk.say(enabled=True)
    with everywhere(lambda _: dialled.append(True)) as port:
        found = probed(desk, asked(desk, str(port)))
    assert (found["result"], dialled) == ("not probed", [])
    assert "is the worker's own machine: a probe does not dial that." in found["why"]


def test_a_probe_that_is_switched_off_dials_nothing_and_says_so(desk: Desk) -> None:
    on_loopback(desk, enabled=False)
    found = probed(desk, asked(desk, "8080", outbound="5432"))
    assert [one["result"] for one in found["ports"]] == ["not probed"] * 2
    assert "have switched the probe off" in found["why"]


def test_a_practice_cluster_says_that_nothing_answers_there_and_the_policy_goes_on(desk: Desk) -> None:
    number = asked(desk, "7001", cluster="playground")
    assert desk.state(number) is State.PENDING
    found = probed(desk, number)
    assert (found["result"], desk.state(number)) == ("not probed", State.APPROVED)
    assert found["why"].endswith("A practice cluster runs no containers, so nothing answers there.")


def test_only_destinations_that_the_operators_list_are_dialled(desk: Desk, certificate: Path) -> None:
    with listening(tls(certificate), "127.7.2.1") as secured, listening(HTTP, "127.7.2.2") as clear:
        on_loopback(desk, outbound=[f"127.7.2.1:{secured}", f"127.7.2.2:{clear}", f"localhost:{secured}"])
        listed = probed(desk, asked(desk, "", outbound=str(clear)))
        found = probed(desk, asked(desk, "", outbound=f"5432,{secured}"))
    assert (listed["result"], listed["ports"][0]["where"]) == ("contradicted", f"127.7.2.2:{clear}")
    by_port = {one["ports"]: (one["result"], one["where"], one["why"]) for one in found["ports"]}
    # Of two destinations with that port the weaker counts: nobody listens at the second.
    assert by_port[str(secured)] == ("no answer", f"localhost:{secured}", "Nothing listens there.")
    assert by_port["5432"][0] == "not probed"
    assert "on the platform operators' list" in by_port["5432"][2]


def test_without_a_proxy_what_it_calls_is_said_not_to_be_probed(desk: Desk) -> None:
    on_loopback(desk)
    number = asked(desk, "", mode="disable-injection")
    found = probed(desk, number)
    inbound = {one["ports"] for one in found["ports"] if one["direction"] == "inbound"}
    assert inbound == {"8080", "8801"}
    (outbound,) = [one for one in found["ports"] if one["direction"] == "outbound"]
    assert (outbound["ports"], outbound["result"]) == ("any", "not probed")


def test_of_many_ports_a_few_are_tried_and_the_rest_is_said_not_to_be(desk: Desk) -> None:
    on_loopback(desk)
    found = probed(desk, asked(desk, "8000-8100"))
    tried = [one["ports"] for one in found["ports"] if one["where"]]
    assert tried == ["8080", *map(str, range(8000, 8011))]
    (rest,) = [one for one in found["ports"] if not one["where"]]
    assert (rest["ports"], rest["result"]) == ("8011-8079,8081-8100", "not probed")


def test_a_probe_of_what_was_asked_before_it_was_trimmed_counts_no_more(desk: Desk) -> None:
    on_loopback(desk)
    with everywhere(HTTP) as port:
        number = asked(desk, f"7001,{port}", "staging")
        probed(desk, number)
        assert desk.ticket(number).rule == "skip-ports-unencrypted"
        grant = deciding.Grant("less", fields={"inbound": "7001"})
        with desk.acting("partner") as (session, partner):
            version = session.get_one(Ticket, number).version
            verdict = deciding.Verdict("approve", "", version, grant)
            deciding.decide(session, number, verdict, by=partner, now=datetime.now(UTC))
    # Trimming makes nothing easier: what it needed, the partner has given.
    assert desk.ticket(number).approvals == [{"from": "security-partner", "count": 1}]


def test_nobody_is_dialled_for_a_ticket_that_is_over_or_claims_nothing(desk: Desk) -> None:
    dialled: list[bool] = []
    on_loopback(desk)
    with everywhere(lambda _: dialled.append(True)) as port:
        plain = {"encrypted": False, "how": "made data"}
        unclaimed = asked(desk, str(port), application_encryption=plain)
        assert desk.deliver("meshdesk.probe") == 0
        desk.probe(unclaimed)
        number = asked(desk, f"{port},7002")
        with desk.acting("member") as (session, member):
            ending.withdraw(session, number, reason="no", by=member, now=datetime.now(UTC))
        assert desk.deliver("meshdesk.probe") == 1
    assert dialled == []
    assert "evidence:probe" not in desk.events(number) + desk.events(unclaimed)


def test_a_blocked_preflight_calls_for_no_probe(desk: Desk) -> None:
    desk.practice.set("refuse", {"deployment/emojivoto/emoji": "not on Fridays"})
    asked(desk, "7001")
    assert desk.deliver("meshdesk.probe") == 0


def test_a_cluster_that_is_away_is_tried_again(desk: Desk) -> None:
    number = asked(desk, "7001")
    away = Interrupted(desk.practice)

    def fail() -> None:
        raise Transient("the cluster is away")

    away.before["workload"] = fail
    working, desk.context = desk.context, desk.worker(away)
    assert desk.deliver("meshdesk.probe") == 1
    desk.context = working
    with desk.database.reading() as session:
        due = select(Message.id).where(Message.task == "meshdesk.probe")
        assert len(session.scalars(due).all()) == 2
    assert probed(desk, number)["result"] == "not probed"


def older(desk: Desk, number: int, by: timedelta) -> None:
    """Let so much time pass since the preflight."""
    with desk.database.unit_of_work() as session:
        ticket = session.get_one(Ticket, number)
        assert ticket.preflight_at is not None
        ticket.preflight_at -= by


def test_a_probe_that_a_worker_died_over_is_called_again_and_given_up_in_the_end(desk: Desk) -> None:
    number = asked(desk, "7001", cluster="playground")
    with desk.database.unit_of_work() as session:
        lost = session.scalars(select(Message).where(Message.task == "meshdesk.probe")).one()
        lost.taken_at = datetime.now(UTC)
    sweep(desk.context)
    assert desk.deliver("meshdesk.probe") == 0
    older(desk, number, CALL_AGAIN)
    sweep(desk.context)
    sweep(desk.context)
    with desk.database.reading() as session:
        waits = select(Message).where(Message.task == "meshdesk.probe", Message.taken_at.is_(None))
        assert len(session.scalars(waits).all()) == 1
    older(desk, number, GIVE_UP)
    sweep(desk.context)
    found = desk.evidence(number, "probe")
    assert (found["result"], desk.state(number)) == ("not probed", State.APPROVED)
    assert "No worker ended a probe within ten minutes" in found["why"]
    before = desk.events(number)
    sweep(desk.context)
    assert desk.events(number) == before
