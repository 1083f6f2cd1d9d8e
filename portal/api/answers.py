"""The shapes of what the API answers, for OpenAPI and for dumping; views.py and sights.py make the dicts."""

from __future__ import annotations

from marshmallow import fields

from portal.api.probes import ProbeSchema
from portal.api.schema_base import Instant, Output
from portal.api.standing import StandingSchema
from portal.fields import Duration


class FallbackSchema(Output):
    """The group that counts where too few people of another are left to decide."""

    group = fields.String()
    people = fields.List(fields.String(), metadata={"description": "Who of it may decide."})
    why = fields.String()


class NeedSchema(Output):
    """Approvals of one group that a ticket still waits for."""

    group = fields.String()
    count = fields.Integer(metadata={"description": "How many are asked."})
    met = fields.Integer(metadata={"description": "How many are given."})
    people = fields.List(fields.String(), metadata={"description": "Who may give one."})
    fallback = fields.Nested(
        FallbackSchema, allow_none=True, metadata={"description": "Who counts while nobody of the group is left."}
    )


class DecisionMadeSchema(Output):
    """A decision that was made."""

    who = fields.String()
    roles = fields.List(fields.String())
    decision = fields.String()
    note = fields.String()
    void = fields.String(allow_none=True, metadata={"description": "Why it counts no longer; null: it counts."})
    at = Instant()
    trimmed = fields.Raw(allow_none=True, metadata={"description": "{before, after} of what it took away."})
    stood_in_for = fields.String(allow_none=True, metadata={"description": "In whose absence this person decided."})
    fallback_for = fields.String(allow_none=True, metadata={"description": "The group in whose place it counts."})


class GrantedSchema(Output):
    """What was asked, or granted of it, where that differs."""

    fields_ = fields.Raw(data_key="fields")
    duration = Duration(allow_none=True)
    targets = fields.List(fields.String())


class ConditionSchema(Output):
    """What an approval asks for as long as the ticket lives."""

    text = fields.String()
    by = fields.String()
    at = fields.String()


class QuestionSchema(Output):
    """A question without an answer: nobody approves meanwhile."""

    id = fields.Integer()
    who = fields.String()
    text = fields.String()
    at = Instant()


class BeforeSchema(Output):
    """How many tickets like this one there were before."""

    count = fields.Integer()
    approved = fields.Integer(metadata={"description": "And not taken back before they began."})
    rejected = fields.Integer()


class PreflightSchema(Output):
    """What a worker found before the change."""

    at = Instant()
    clean = fields.Boolean()
    findings = fields.Raw()


class CommandSchema(Output):
    """A command line or an address to use what was granted, the names filled in."""

    title = fields.String()
    text = fields.String()


class TargetSchema(Output):
    """One target of a ticket: a workload, or `egress`, `tap` and `viz` where objects are created."""

    workload = fields.String()
    namespace = fields.String(metadata={"description": "Empty where the target is a whole cluster's."})
    suspended = fields.Raw(metadata={"description": "Our entries that somebody removed; they are not added again."})
    written_at = Instant(allow_none=True)
    proven_at = Instant(allow_none=True)


class TicketSchema(StandingSchema):
    """A ticket, whole."""

    ref = fields.String()
    kind = fields.String()
    tenant = fields.String()
    cluster = fields.String(allow_none=True)
    namespace = fields.String(allow_none=True)
    environment = fields.String()
    state = fields.String()
    requester = fields.String(metadata={"description": "Who answers for it."})
    asked_by = fields.String(
        allow_none=True, metadata={"description": "Who asked for it, where it was handed over since; else null."}
    )
    reason = fields.String()
    fields_ = fields.Raw(data_key="fields")
    notes = fields.List(fields.String(), metadata={"description": "What was normalised in the input."})
    duration = Duration(allow_none=True, metadata={"description": "ISO 8601; null: no end."})
    rule = fields.String()
    rule_reason = fields.String()
    automatic = fields.Boolean()
    approvals = fields.List(fields.Raw())
    waiting_for = fields.List(fields.Nested(NeedSchema))
    decisions = fields.List(fields.Nested(DecisionMadeSchema))
    asked = fields.Nested(GrantedSchema, allow_none=True, metadata={"description": "Where less was granted."})
    granted = fields.Nested(GrantedSchema, allow_none=True)
    conditions = fields.List(fields.Nested(ConditionSchema))
    question = fields.Nested(QuestionSchema, allow_none=True)
    history = fields.Nested(BeforeSchema, metadata={"description": "Only of a ticket that is shown by itself."})
    next = fields.String(metadata={"description": "What happens next, and who has to do it."})
    preflight = fields.Nested(PreflightSchema, allow_none=True)
    probe = fields.Nested(
        ProbeSchema,
        allow_none=True,
        metadata={"description": "Where the application is said to encrypt: whether a worker saw that it does."},
    )
    starts_at = Instant(allow_none=True, metadata={"description": "Not applied before; null: once it is approved."})
    active_from = Instant(allow_none=True)
    expires_at = Instant(allow_none=True)
    outcome = fields.String(allow_none=True)
    ended_by = fields.String(allow_none=True)
    end_reason = fields.String(allow_none=True)
    ended_at = Instant(allow_none=True)
    problem = fields.String(allow_none=True)
    progress = fields.Raw()
    targets = fields.List(fields.Nested(TargetSchema))
    usage = fields.List(fields.Nested(CommandSchema), metadata={"description": "How to use it while it is open."})
    taken_by = fields.String(allow_none=True, metadata={"description": "The operator who works on it."})
    answer = fields.String(allow_none=True, metadata={"description": "What the operator answered."})
    renews = fields.String(allow_none=True)
    adopts = fields.String(
        allow_none=True,
        metadata={
            "description": "keep or close: what it asks for was in the cluster before it and is taken over, to stay "
            "until its end or to be taken out at once; null: it is written."
        },
    )
    created_at = Instant()
    updated_at = Instant()
    version = fields.Integer()
    links = fields.Dict(keys=fields.String(), values=fields.String())


class TicketPageSchema(Output):
    """A page of tickets, newest first; the Link header leads to the next."""

    items = fields.List(fields.Nested(TicketSchema))


class PreviewTargetSchema(Output):
    """What a request would change on one target."""

    workload = fields.String()
    namespace = fields.String()
    change = fields.Raw(
        allow_none=True,
        metadata={"description": "{before, after, unified} of the pod template, or of the objects it would create."},
    )
    effective = fields.Raw(metadata={"description": "The present values, and where they come from."})
    findings = fields.Raw()
    warnings = fields.Raw()


class PreviewSchema(Output):
    """What a request would meet; nothing of it is stored."""

    kind = fields.String()
    tenant = fields.String()
    cluster = fields.String(allow_none=True)
    namespace = fields.String(allow_none=True)
    environment = fields.String()
    fields_ = fields.Raw(data_key="fields")
    notes = fields.List(fields.String())
    duration = Duration(allow_none=True)
    rule = fields.String()
    rule_reason = fields.String()
    automatic = fields.Boolean()
    approvals = fields.List(fields.Raw())
    waiting_for = fields.List(fields.Nested(NeedSchema))
    longest = Duration(allow_none=True, metadata={"description": "Longest duration of the rule; null: no limit."})
    targets = fields.List(fields.Nested(PreviewTargetSchema))
    seen_at = Instant(allow_none=True, metadata={"description": "When workers last read the cluster."})
    age_seconds = fields.Integer(allow_none=True)
    next = fields.String()
