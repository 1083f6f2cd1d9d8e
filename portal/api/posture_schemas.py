"""What the posture's routes take and answer."""

from __future__ import annotations

from marshmallow import fields, validate

from portal.api.schema_base import NAME, NEEDED, Input, Instant, Output, Words
from portal.api.schemas import PageSchema
from portal.fields import Duration
from portal.mesh.holes import Code
from portal.queries.posture_trend import SPANS
from portal.states import Adopts

_CODES = validate.OneOf(list(Code), error=f"Use one of {', '.join(Code)}.")


def _yes_or_no(words: str) -> fields.Boolean:
    return fields.Boolean(load_default=None, metadata={"description": words})


class ScopeSchema(Input):
    """Whose workloads, of those that you may see."""

    cluster = fields.String(load_default=None, validate=NAME)
    namespace = fields.String(load_default=None, validate=NAME)
    tenant = fields.String(load_default=None, validate=NAME)


class WorkloadsSchema(PageSchema, ScopeSchema):
    """Which workloads to list."""


class MeantSchema(ScopeSchema):
    """Which findings."""

    code = fields.String(load_default=None, validate=_CODES)
    explained = _yes_or_no("true: live tickets explain all of it. false: they do not.")
    leftovers = fields.Boolean(
        load_default=False,
        metadata={"description": "What is left over (old proxy, stale trust root, tap) instead of holes."},
    )


class FindingsSchema(PageSchema, MeantSchema):
    """Which findings to list."""


class TrendSchema(Input):
    """Of what, and how far back."""

    cluster = fields.String(load_default=None, validate=NAME)
    tenant = fields.String(load_default=None, validate=NAME)
    span = fields.String(
        load_default="day",
        validate=validate.OneOf(list(SPANS), error="Ask for day, week or quarter."),
        metadata={"description": "day: 24 hours. week: 7 days. quarter: 90 days."},
    )


class AdoptSchema(Input):
    """Why a finding becomes a ticket, and for how long it may stay."""

    reason = Words(required=True, error_messages=NEEDED, metadata={"description": "The tenant reads it."})
    duration = Duration(
        load_default=None, allow_none=True, metadata={"description": "ISO 8601; null: as long as its rule allows."}
    )


class AdoptionsSchema(ScopeSchema):
    """Of which findings without a ticket tickets are made, whether they are kept or closed, and whether it is tried."""

    code = fields.String(load_default=None, validate=_CODES)
    becomes = fields.Enum(Adopts, by_value=True, load_default=Adopts.KEEP)
    reason = Words(required=True, error_messages=NEEDED, metadata={"description": "The tenants read it."})
    duration = Duration(load_default=None, allow_none=True)
    dry_run = fields.Boolean(
        load_default=True,
        truthy={True},
        falsy={False},
        metadata={"description": "true: make nothing, only say what would be made."},
    )


class ReadingSchema(Output):
    """When a cluster's posture was read."""

    cluster = fields.String()
    seen_at = Instant(allow_none=True, metadata={"description": "Last reading that was whole; null: none yet."})
    tried_at = Instant(allow_none=True)
    age_seconds = fields.Integer(allow_none=True)
    problem = fields.String(allow_none=True, metadata={"description": "Why the last try failed."})


class TallySchema(Output):
    """How workloads stand."""

    cluster = fields.String()
    namespace = fields.String()
    tenant = fields.String(allow_none=True)
    encrypted = fields.Integer()
    partly = fields.Integer()
    unmeshed = fields.Integer()


class PostureSchema(Output):
    """How far what you may see is encrypted."""

    clusters = fields.List(fields.Nested(ReadingSchema))
    tallies = fields.List(fields.Nested(TallySchema))
    encrypted = fields.Integer()
    partly = fields.Integer()
    unmeshed = fields.Integer()
    holes = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata={"description": "By code."})
    leftovers = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata={"description": "By code."})
    unexplained = fields.Integer(metadata={"description": "Holes that live tickets do not explain in whole."})


class FindingSchema(Output):
    """One finding."""

    number = fields.Integer()
    cluster = fields.String()
    namespace = fields.String()
    tenant = fields.String(allow_none=True, metadata={"description": "null: the namespace belongs to no tenant."})
    kind = fields.String()
    name = fields.String()
    code = fields.String()
    fact = fields.String()
    meaning = fields.String()
    detail = fields.Dict()
    made_by = fields.String(allow_none=True, metadata={"description": "The field manager that wrote it."})
    made_at = Instant(allow_none=True)
    first_seen_at = Instant()
    seen_at = Instant()
    unexplained_since = Instant(allow_none=True, metadata={"description": "null: live tickets explain all of it."})
    tickets = fields.List(fields.String(), metadata={"description": "Live tickets that explain it, or a part of it."})
    ticket = fields.String(allow_none=True, metadata={"description": "The ticket that an operator made of it."})
    ticket_state = fields.String(allow_none=True)


class FindingListSchema(Output):
    """Findings, unexplained and oldest first."""

    items = fields.List(fields.Nested(FindingSchema))


class PostureWorkloadSchema(Output):
    """A workload as its running pods show it."""

    cluster = fields.String()
    namespace = fields.String()
    tenant = fields.String(allow_none=True)
    kind = fields.String()
    name = fields.String()
    standing = fields.String(metadata={"description": "encrypted, partly or unmeshed."})
    pods = fields.Integer(metadata={"description": "That are not finished; 0: it stands as its template says."})
    meshed_pods = fields.Integer()
    facts = fields.Dict()
    seen_at = Instant()
    holes = fields.List(fields.Nested(FindingSchema))


class PostureWorkloadListSchema(Output):
    """Workloads by name."""

    items = fields.List(fields.Nested(PostureWorkloadSchema))


class PointSchema(Output):
    """How the workloads stood."""

    at = Instant()
    encrypted = fields.Integer()
    partly = fields.Integer()
    unmeshed = fields.Integer()
    holes = fields.Integer()
    unexplained = fields.Integer()


class PointListSchema(Output):
    """Points in time, oldest first."""

    items = fields.List(fields.Nested(PointSchema))


class AdoptionSchema(Output):
    """What became of one finding, or would."""

    finding = fields.Nested(FindingSchema)
    kind = fields.String(allow_none=True, metadata={"description": "Of the ticket; null: none can be made."})
    fields_ = fields.Dict(attribute="fields", data_key="fields", allow_none=True)
    ref = fields.String(allow_none=True, metadata={"description": "The ticket that was made, or that it has already."})
    why_not = fields.String(allow_none=True)


class AdoptionsMadeSchema(Output):
    """What became of many findings, each on its own."""

    dry_run = fields.Boolean()
    items = fields.List(fields.Nested(AdoptionSchema))
    more = fields.Boolean(metadata={"description": "There are more: send the same again."})
