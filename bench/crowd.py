"""A database as it is after years: tickets of many tenants and people with targets, decisions, evidence and events."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from portal import audit
from portal.db import Base
from portal.models import (
    AuditChain,
    Cluster,
    Decision,
    Event,
    Evidence,
    Membership,
    Namespace,
    Person,
    Role,
    Target,
    Tenant,
    Ticket,
    TicketTarget,
    TicketWord,
)
from portal.search import words_in
from portal.states import State

TENANTS, CLUSTERS, WORKLOADS, BATCH = 40, 6, 12, 2000
ENVIRONMENTS = ("sandbox", "staging", "production")
STATES = (
    [State.CLOSED] * 170
    + [State.REJECTED] * 12
    + [State.WITHDRAWN] * 8
    + [State.LAPSED] * 5
    + [State.PENDING, State.PENDING, State.ACTIVE, State.ACTIVE, State.APPROVED]
)
WAY: dict[State, tuple[str, ...]] = {
    State.PENDING: (),
    State.APPROVED: ("decision:approve", "ticket:approved"),
    State.ACTIVE: ("decision:approve", "ticket:approved", "ticket:applying", "ticket:active"),
    State.CLOSED: ("decision:approve", "ticket:approved", "ticket:applying", "ticket:active", "ticket:closed"),
    State.REJECTED: ("decision:reject", "ticket:rejected"),
    State.WITHDRAWN: ("ticket:withdrawn",),
    State.LAPSED: ("ticket:lapsed",),
}
WHY = (
    "the vendor protocol breaks behind a proxy",
    "debugging a slow query of the nightly report",
    "the database driver speaks first and hangs",
    "load test before the launch of the new checkout",
    "migration to the new message broker",
    "the scanner of the auditors needs the port for a day",
)
PEOPLE = (
    ("dev-a", Role.MEMBER),
    ("dev-b", Role.MEMBER),
    ("dev-c", Role.MEMBER),
    ("lead", Role.OWNER),
    ("security", Role.PARTNER),
)
# What all tickets have in common.
ALIKE: dict[str, Any] = {
    "notes": [],
    "duration_seconds": 86400,
    "rule": "skip-ports-encrypted",
    "rule_reason": "as the rule says",
    "approvals": [{"from": "security-partner", "count": 1}],
    "policy_hash": "0" * 64,
    "preflight_clean": True,
    "progress": {},
}


@dataclass
class Crowd:
    """The people by tenant, and the rows that are not yet written."""

    chance: random.Random = field(default_factory=lambda: random.Random(7))
    people: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    waiting: dict[type[Base], list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, model: type[Base], **row: Any) -> None:
        """One more row, written with the next batch."""
        self.waiting.setdefault(model, []).append(row)

    def write(self, session: Session) -> None:
        """Write what waits, in an order that keeps references whole."""
        for model in (Ticket, TicketTarget, TicketWord, Decision, Evidence, AuditChain, Event):
            if rows := self.waiting.pop(model, []):
                session.execute(insert(model.__table__), rows)


def settle(session: Session) -> Crowd:
    """Tenants, people, clusters and workloads; an operator `operator` and an auditor `auditor` besides."""
    crowd = Crowd()
    session.add_all(
        Cluster(name=f"cluster-{n}", environment=ENVIRONMENTS[n % len(ENVIRONMENTS)]) for n in range(CLUSTERS)
    )
    for name, role in (("operator", Role.OPERATOR), ("auditor", Role.AUDITOR)):
        _person(session, name, None, role)
    for number in range(1, TENANTS + 1):
        tenant = Tenant(name=f"team-{number}", title=f"Team {number}")
        session.add(tenant)
        session.flush()
        crowd.people[number] = [(_person(session, f"{name}-{number}", tenant.id, role), name) for name, role in PEOPLE]
        session.add_all(Namespace(cluster=f"cluster-{n}", name=f"shop-{number}", tenant_id=number) for n in range(6))
    session.flush()
    session.execute(insert(Target), list(_targets()))
    return crowd


def _person(session: Session, name: str, tenant: int | None, role: Role) -> int:
    person = Person(name=name, title=name.title())
    session.add(person)
    session.flush()
    session.add(Membership(person_id=person.id, tenant_id=tenant, role=role))
    return person.id


def _targets() -> Iterator[dict[str, Any]]:
    for tenant in range(1, TENANTS + 1):
        for n in range(CLUSTERS * WORKLOADS):
            cluster, app = divmod(n, WORKLOADS)
            names = {"cluster": f"cluster-{cluster}", "namespace": f"shop-{tenant}", "name": f"app-{app}"}
            yield {"id": _target(tenant, cluster, app), "kind": "deployment", "memory": {}, **names}


def _target(tenant: int, cluster: int, app: int) -> int:
    return ((tenant - 1) * CLUSTERS + cluster) * WORKLOADS + app + 1


def fill(session: Session, crowd: Crowd, *, first: int, last: int) -> None:
    """Tickets with these numbers, the last of them asked just now, one every ten minutes before."""
    for number in range(first, last + 1):
        _add_ticket(crowd, number, datetime.now(UTC) - timedelta(minutes=10 * (last - number)))
        if number % BATCH == 0 or number == last:
            crowd.write(session)


def _add_ticket(crowd: Crowd, number: int, at: datetime) -> None:
    chance = crowd.chance
    tenant, cluster, state = chance.randint(1, TENANTS), chance.randrange(CLUSTERS), chance.choice(STATES)
    who, requester = crowd.people[tenant][chance.randrange(3)]
    apps = chance.sample(range(WORKLOADS), 2)
    port = chance.randint(1024, 65000)
    fields = _fields(apps, f"{port},9000-9010" if number % 10 == 0 else str(port))
    reason = f"{chance.choice(WHY)}, case {chance.randint(1000, 99999)}"
    place = {"kind": "encryption-exception", "cluster": f"cluster-{cluster}", "namespace": f"shop-{tenant}"}
    lasts = state is State.ACTIVE
    crowd.add(
        Ticket,
        id=number,
        tenant_id=tenant,
        requester_id=who,
        **place,
        environment=ENVIRONMENTS[cluster % len(ENVIRONMENTS)],
        fields=fields,
        reason=reason,
        fingerprint=f"{number:064d}",
        state=state,
        created_at=at,
        updated_at=at,
        active_from=datetime.now(UTC) if lasts else None,
        expires_at=datetime.now(UTC) + timedelta(hours=chance.randint(1, 23)) if lasts else None,
        outcome="expired" if state is State.CLOSED else None,
        preflight_at=at,
        **ALIKE,
    )
    for app in apps:
        target = _target(tenant, cluster, app)
        crowd.add(TicketTarget, ticket_id=number, target_id=target, wanted={}, suspended={})
    told = [reason, *place.values(), fields, f"{requester}-{tenant}", f"team-{tenant}"]
    _add_story(crowd, number, state, at)
    for word in words_in([*told, f"security-{tenant}"] if state in (State.ACTIVE, State.CLOSED) else told):
        crowd.add(TicketWord, ticket_id=number, word=word)


def _fields(apps: list[int], inbound: str) -> dict[str, Any]:
    return {
        "workloads": [f"deployment/app-{app}" for app in apps],
        "mode": "skip-ports",
        "inbound": inbound,
        "outbound": "",
        "application_encryption": {"encrypted": True, "how": "TLS 1.3 in the server"},
    }


def _add_story(crowd: Crowd, number: int, state: State, at: datetime) -> None:
    ticket = crowd.waiting[Ticket][-1]
    tenant = ticket["tenant_id"]
    members = {name: who for who, name in crowd.people[tenant]}
    seen = {"findings": [], "targets": []}
    crowd.add(Evidence, ticket_id=number, kind="preflight", seen_at=at, data=seen)
    partner = f"security-{tenant}"
    asker = next(name for who, name in crowd.people[tenant] if who == ticket["requester_id"])
    told: list[tuple[str, str, dict[str, Any]]] = [
        ("ticket:submitted", f"{asker}-{tenant}", {"reason": ticket["reason"], "fields": ticket["fields"]}),
        ("evidence:preflight", "meshdesk-worker", audit.evidence_payload(seen)),
        *((type_, partner, {"note": "read it"}) for type_ in WAY[state]),
    ]
    if state in (State.ACTIVE, State.CLOSED, State.APPROVED, State.REJECTED):
        word = "reject" if state is State.REJECTED else "approve"
        crowd.add(
            Decision,
            ticket_id=number,
            person_id=members["security"],
            decision=word,
            roles=["security-partner"],
            note="read it",
            decided_at=at,
        )
    _chain(crowd, f"MD-{number}", told, at)


def _chain(crowd: Crowd, chain: str, told: list[tuple[str, str, dict[str, Any]]], at: datetime) -> None:
    previous = audit.START
    for number, (type_, actor, payload) in enumerate(told, 1):
        event = Event(
            chain=chain,
            number=number,
            happened_at=at + timedelta(minutes=number),
            type=type_,
            actor=actor,
            payload=payload,
            payload_digest=audit.sha256(audit.canonical(payload)),
            previous=previous,
        )
        event.hash = previous = audit.event_hash(event)
        names = ("chain", "number", "happened_at", "type", "actor", "payload", "payload_digest", "previous", "hash")
        crowd.add(Event, **{name: getattr(event, name) for name in names})
    crowd.add(AuditChain, name=chain, length=len(told), head=previous, sealed=0)
