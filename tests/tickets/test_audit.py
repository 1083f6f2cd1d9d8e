"""The trail of a whole story verifies, and every way of changing it afterwards is found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal import audit
from portal.access.actor import WORKER
from portal.models import AuditChain, Event, Evidence
from portal.states import State
from tests.workers.desk import Desk

CHAIN = "MD-1"


def event(session: Session, number: int) -> Event:
    return session.scalars(select(Event).where(Event.chain == CHAIN, Event.number == number)).one()


def last(session: Session) -> Event:
    return session.scalars(select(Event).where(Event.chain == CHAIN).order_by(Event.number.desc())).first()  # type: ignore[return-value]


def set_event(session: Session, which: int, **values: object) -> None:
    session.execute(update(Event).where(Event.chain == CHAIN, Event.number == which).values(**values))


def delete_events(session: Session, *where: object) -> None:
    session.execute(delete(Event).where(Event.chain == CHAIN, *where))  # type: ignore[arg-type]


def payload(session: Session) -> None:
    set_event(session, 1, payload={**(event(session, 1).payload or {}), "reason": "another"})


def payload_and_its_digest(session: Session) -> None:
    changed = {"reason": "another"}
    set_event(session, 1, payload=changed, payload_digest=audit.sha256(audit.canonical(changed)))


def whole_event(session: Session) -> None:
    one = event(session, 3)
    one.actor = "outsider"
    one.hash = audit.event_hash(one)
    session.flush()


def actor(session: Session) -> None:
    set_event(session, 2, actor="outsider")


def time(session: Session) -> None:
    set_event(session, 2, happened_at=datetime(2020, 1, 1, tzinfo=UTC))


def one_in_the_middle(session: Session) -> None:
    delete_events(session, Event.number == 3)


def tail(session: Session) -> None:
    delete_events(session, Event.number > 4)


def tail_and_head(session: Session) -> None:
    """Somebody who knows how the chain is made, after a seal."""
    tail(session)
    left = last(session)
    session.execute(update(AuditChain).where(AuditChain.name == CHAIN).values(length=left.number, head=left.hash))


def whole_chain(session: Session) -> None:
    delete_events(session)
    session.execute(delete(AuditChain).where(AuditChain.name == CHAIN))


def order(session: Session) -> None:
    set_event(session, 2, number=1000)
    set_event(session, 3, number=2)
    set_event(session, 1000, number=3)


def evidence_data(session: Session) -> None:
    row = session.scalars(select(Evidence).where(Evidence.kind == "applied")).one()
    session.execute(update(Evidence).where(Evidence.id == row.id).values(data={**row.data, "progress": {}}))


def evidence_kind(session: Session) -> None:
    session.execute(update(Evidence).where(Evidence.kind == "before").values(kind="applied"))


def evidence_gone(session: Session) -> None:
    session.execute(delete(Evidence).where(Evidence.kind == "preflight"))


def evidence_more(session: Session) -> None:
    session.add(Evidence(ticket_id=1, kind="preflight", seen_at=datetime.now(UTC), data={"findings": []}))
    session.flush()


TAMPERED: list[tuple[Callable[[Session], None], str]] = [
    (payload, "the payload was changed"),
    (payload_and_its_digest, "the event was changed"),
    (whole_event, "an event before this one is missing or was changed"),
    (actor, "the event was changed"),
    (time, "the event was changed"),
    (one_in_the_middle, "an event before this one is missing or was changed"),
    (tail, "the end of the chain is missing or was changed"),
    (tail_and_head, "differs from what seal 1 remembers"),
    (whole_chain, "differs from what seal 1 remembers"),
    (order, "the event was changed"),
    (evidence_data, "the evidence that this event tells of is missing or was changed"),
    (evidence_kind, "the evidence that this event tells of is missing or was changed"),
    (evidence_gone, "the evidence that this event tells of is missing or was changed"),
    (evidence_more, "there is evidence that no event tells of"),
]


def told(desk: Desk) -> Desk:
    """A whole story, and another ticket's beside it."""
    number = desk.active("7001")
    desk.close(number)
    assert desk.state(number) is State.CLOSED
    desk.ask("7002")
    return desk


def seal(session: Session) -> None:
    audit.seal(session, actor=WORKER.name, now=datetime.now(UTC))


def test_the_trail_of_a_whole_story_verifies(desk: Desk) -> None:
    told(desk)
    with desk.database.unit_of_work() as session:
        assert list(audit.verify(session)) == []
        seal(session)
        assert list(audit.verify(session)) == []
        assert list(audit.verify(session, CHAIN)) == []
    kinds = [type_.removeprefix("evidence:") for type_ in desk.events(1) if type_.startswith("evidence:")]
    assert kinds == ["preflight", "probe", "before", "applied", "undone"]


def test_every_way_of_changing_it_is_found(desk: Desk) -> None:
    told(desk)
    with desk.database.unit_of_work() as session:
        seal(session)
    for tamper, sentence in TAMPERED:
        with desk.database.reading() as session:
            tamper(session)
            session.expire_all()
            found = list(audit.verify(session))
            assert sentence in [fault.sentence for fault in found], (tamper.__name__, found)
            assert {fault.chain for fault in found} == {CHAIN}, tamper.__name__
            assert list(audit.verify(session, "MD-2")) == []
    with desk.database.reading() as session:
        assert list(audit.verify(session)) == []


def test_a_chain_outlives_its_payloads_and_evidence(desk: Desk) -> None:
    """What retention leaves: digests."""
    told(desk)
    with desk.database.unit_of_work() as session:
        seal(session)
        session.execute(delete(Evidence).where(Evidence.ticket_id == 1))
        session.execute(update(Event).where(Event.chain == CHAIN).values(payload=None))
    with desk.database.reading() as session:
        assert list(audit.verify(session)) == []
        set_event(session, 2, type="comment:added")
        assert [fault.sentence for fault in audit.verify(session)] == ["the event was changed"]


def test_only_what_grew_is_sealed_again(desk: Desk) -> None:
    told(desk)
    with desk.database.unit_of_work() as session:
        seal(session)
        assert audit.seal(session, actor=WORKER.name, now=datetime.now(UTC)) is None
    desk.preflight(2)
    with desk.database.unit_of_work() as session:
        sealed = audit.seal(session, actor=WORKER.name, now=datetime.now(UTC))
        assert sealed is not None
        assert set((sealed.payload or {})["heads"]) == {"MD-2"}
        assert list(audit.verify(session)) == []
