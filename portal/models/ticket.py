"""The ticket, its decisions and its comments."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Enum, ForeignKey, Index, Integer, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from portal.db import Base, IdColumn, Instant, JSONDict, JSONList, Name, Words
from portal.hats import is_named
from portal.models.registry import Person, Tenant
from portal.states import OCCUPYING, State

if TYPE_CHECKING:
    # Each names the other; SQLAlchemy finds them by name.
    from portal.models.target import TicketTarget

_IN_USE = f"state IN ({', '.join(repr(state.value) for state in sorted(OCCUPYING))})"
_OCCUPIED = text(f"renews_id IS NULL AND {_IN_USE}")
_FOLLOWED = text(_IN_USE)
_COUNTING = text("void_reason IS NULL")
_STATE = Enum(State, native_enum=False, length=20, values_callable=lambda states: [state.value for state in states])


class Ticket(Base):
    """One request. `version` is its ETag: every verb bumps it first, progress does not."""

    __tablename__ = "ticket"

    id: Mapped[IdColumn]
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    requester_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    asked_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("person.id"), comment="who asked for it, where it was handed over since"
    )
    kind: Mapped[Name]
    cluster: Mapped[Name | None] = mapped_column(ForeignKey("cluster.name"), comment="null: it concerns no cluster")
    namespace: Mapped[Name | None] = mapped_column(comment="null: its fields name namespaces, or it concerns none")
    environment: Mapped[Name] = mapped_column(comment="of the namespace when it was asked")
    fields: Mapped[JSONDict] = mapped_column(comment="canonical, as the kind's schema loads them")
    reason: Mapped[Words]
    notes: Mapped[JSONList] = mapped_column(comment="what was normalised in the input, in sentences")
    duration_seconds: Mapped[int | None] = mapped_column(comment="null: no end")
    starts_at: Mapped[Instant | None] = mapped_column(comment="not applied before; null: as soon as it is approved")
    renews_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), comment="the ticket that this one follows")
    fingerprint: Mapped[Name] = mapped_column(comment="sha256 of what makes two tickets the same")

    state: Mapped[State] = mapped_column(_STATE, default=State.PENDING)
    version: Mapped[int] = mapped_column(Integer, default=1, comment="compare-and-set by every verb; the ETag")
    created_at: Mapped[Instant] = mapped_column(index=True)
    updated_at: Mapped[Instant] = mapped_column(comment="last move or progress")
    active_from: Mapped[Instant | None]
    expires_at: Mapped[Instant | None] = mapped_column(index=True)
    writing_from: Mapped[Instant | None] = mapped_column(comment="from here on a cluster may have been touched")
    outcome: Mapped[Name | None] = mapped_column(comment="why it ended")
    ended_by: Mapped[Name | None]
    ended_at: Mapped[Instant | None] = mapped_column(comment="when it was ended; the undo follows")
    end_reason: Mapped[Words | None]

    rule: Mapped[Name] = mapped_column(comment="the policy's rule that routed it")
    rule_reason: Mapped[Words]
    approvals: Mapped[JSONList] = mapped_column(comment="[{from, count}], all to be met")
    asks_named: Mapped[bool] = mapped_column(
        Boolean, default=False, server_default=false(), comment="an approval is asked of a group or person by name"
    )
    automatic: Mapped[bool] = mapped_column(Boolean, default=False)
    policy_hash: Mapped[Name]
    asked: Mapped[JSONDict | None] = mapped_column(
        comment="what was asked where less was granted: fields, duration_seconds, targets"
    )
    conditions: Mapped[JSONList] = mapped_column(
        default=list, server_default="[]", comment="[{text, by, at}] that approvals came with"
    )
    restart_window: Mapped[JSONDict | None] = mapped_column(
        comment="{days, from, until} in UTC: applied only inside it"
    )

    question_id: Mapped[int | None] = mapped_column(
        Integer, comment="the comment that is a question without an answer: nobody approves until it has one"
    )
    lapses_at: Mapped[Instant | None] = mapped_column(index=True, comment="when nobody's decision ends it")
    call_deciders_at: Mapped[Instant | None] = mapped_column(index=True, comment="when deciders are next reminded")
    nudged_at: Mapped[Instant | None] = mapped_column(comment="when somebody last had the deciders reminded")

    break_glass: Mapped[bool] = mapped_column(
        Boolean, default=False, server_default=false(), comment="approved by the requester's own word, to be reviewed"
    )
    review_from: Mapped[Name | None] = mapped_column(comment="the group that reviews it afterwards")
    review_due_at: Mapped[Instant | None] = mapped_column(index=True)
    reviewed_at: Mapped[Instant | None]
    reviewed_by: Mapped[Name | None]
    review: Mapped[JSONDict | None] = mapped_column(comment="{justified, note}")

    recertify_at: Mapped[Instant | None] = mapped_column(index=True, comment="when silence ends the window")
    recertify_warn_at: Mapped[Instant | None] = mapped_column(
        index=True, comment="when its partner is next asked whether it may go on"
    )

    preflight_at: Mapped[Instant | None]
    preflight_clean: Mapped[bool | None] = mapped_column(Boolean, comment="null: not yet run")

    adopts: Mapped[Name | None] = mapped_column(
        comment="keep or close: what it asks for was in the cluster before it and is taken over; null: it is written"
    )

    taken_by: Mapped[Name | None] = mapped_column(comment="the operator who works on what no worker can do")
    answer: Mapped[Words | None] = mapped_column(comment="what the operator answered when fulfilling it")
    remind_at: Mapped[Instant | None] = mapped_column(index=True, comment="when its end is next to be reminded of")

    problem: Mapped[Words | None] = mapped_column(comment="what keeps it from going on, for people")
    progress: Mapped[JSONDict] = mapped_column(comment="the rollout as last seen, by target")
    attempts: Mapped[int] = mapped_column(Integer, default=0, comment="tries since the last success; sets the backoff")
    next_attempt_at: Mapped[Instant | None]
    claim_token: Mapped[Name | None] = mapped_column(comment="of the worker that holds it")
    claim_until: Mapped[Instant | None]

    tenant: Mapped[Tenant] = relationship(lazy="raise_on_sql")
    requester: Mapped[Person] = relationship(lazy="raise_on_sql", foreign_keys=[requester_id])
    asked_by: Mapped[Person | None] = relationship(lazy="raise_on_sql", foreign_keys=[asked_by_id])
    renews: Mapped[Ticket | None] = relationship(remote_side="Ticket.id", lazy="raise_on_sql")
    decisions: Mapped[list[Decision]] = relationship(lazy="raise_on_sql", order_by="Decision.id")
    targets: Mapped[list[TicketTarget]] = relationship(
        lazy="raise_on_sql", order_by="TicketTarget.target_id", back_populates="ticket"
    )

    __table_args__ = (
        Index("ix_ticket_tenant_id_id", "tenant_id", "id"),
        Index("ix_ticket_cluster_state", "cluster", "state"),
        Index("ix_ticket_state_id", "state", "id"),
        Index("ix_ticket_fingerprint", "fingerprint"),
        Index("ix_ticket_asks_named", "id", sqlite_where=text("asks_named = 1"), postgresql_where=text("asks_named")),
        Index(
            "uq_ticket_fingerprint_occupied",
            "fingerprint",
            unique=True,
            sqlite_where=_OCCUPIED,
            postgresql_where=_OCCUPIED,
        ),
        Index(
            "uq_ticket_renews_id_occupied",
            "renews_id",
            unique=True,
            sqlite_where=_FOLLOWED,
            postgresql_where=_FOLLOWED,
        ),
    )

    @validates("approvals")
    def _notes_who_is_asked(self, _: str, approvals: list[dict[str, Any]]) -> list[dict[str, Any]]:
        self.asks_named = any(is_named(approval["from"]) for approval in approvals)
        return approvals

    @property
    def hats(self) -> frozenset[str]:
        """Of whom its rule asks an approval: roles, `group:NAME`, `person:NAME`."""
        return frozenset(approval["from"] for approval in self.approvals)

    @property
    def ref(self) -> str:
        """The reference that people use: MD-142."""
        return f"MD-{self.id}"

    @property
    def own_of(self) -> frozenset[int]:
        """Whose voices must not decide on it (by number): of who answers for it, and of who asked for it."""
        return frozenset(one.voice_id for one in (self.requester, self.asked_by) if one is not None)

    @property
    def duration(self) -> timedelta | None:
        """How long the window lasts; None: no end."""
        return None if self.duration_seconds is None else timedelta(seconds=self.duration_seconds)

    def claimed(self, now: datetime) -> bool:
        """True while a worker's lease on this ticket holds."""
        return self.claim_until is not None and self.claim_until > now


class Decision(Base):
    """One person's word on a ticket; each person has one that counts."""

    __tablename__ = "decision"
    __table_args__ = (
        Index(
            "uq_decision_ticket_id_person_id_counting",
            "ticket_id",
            "person_id",
            unique=True,
            sqlite_where=_COUNTING,
            postgresql_where=_COUNTING,
        ),
        Index("ix_decision_person_id_ticket_id", "person_id", "ticket_id"),
    )

    id: Mapped[IdColumn]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    decision: Mapped[Name] = mapped_column(comment="approve or reject")
    roles: Mapped[JSONList] = mapped_column(
        comment="the roles that the person had then, and what the rule asked of them by group or name"
    )
    note: Mapped[Words]
    decided_at: Mapped[Instant]
    trimmed: Mapped[JSONDict | None] = mapped_column(comment="what this approval took away: {before, after}")
    stood_in_for_id: Mapped[int | None] = mapped_column(
        ForeignKey("person.id"), comment="whose absence this person covered, where that gave the right"
    )
    void_reason: Mapped[Words | None] = mapped_column(comment="why it counts no longer; null: it counts")

    fallback_for: Mapped[Name | None] = mapped_column(
        comment="the group in whose place it counts, because nobody of that could decide then"
    )

    person: Mapped[Person] = relationship(lazy="raise_on_sql", foreign_keys=[person_id])
    stood_in_for: Mapped[Person | None] = relationship(lazy="raise_on_sql", foreign_keys=[stood_in_for_id])


class Comment(Base):
    """What somebody said on a ticket: a comment, a question that holds it, or the answer to one."""

    __tablename__ = "comment"

    id: Mapped[IdColumn]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    text: Mapped[Words]
    created_at: Mapped[Instant]
    sort: Mapped[Name] = mapped_column(
        default="comment", server_default="comment", comment="comment, question or answer"
    )
    mentions: Mapped[JSONList] = mapped_column(default=list, server_default="[]", comment="names of people")
    answers_id: Mapped[int | None] = mapped_column(ForeignKey("comment.id"), comment="the question that it answers")

    author: Mapped[Person] = relationship(lazy="raise_on_sql")
