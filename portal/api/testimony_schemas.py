"""What testimony answers with: events, evidence, comments, manifests and earlier tickets; views are in testimony.py."""

from __future__ import annotations

from marshmallow import fields

from portal.api.answers import ConditionSchema, DecisionMadeSchema, GrantedSchema
from portal.api.schema_base import Instant, Output


class EventSchema(Output):
    """One event of a ticket's story, chained to the one before."""

    number = fields.Integer()
    at = Instant(attribute="happened_at")
    type = fields.String()
    actor = fields.String()
    payload = fields.Raw(allow_none=True)
    payload_digest = fields.String()
    previous = fields.String()
    hash = fields.String()


class EventPageSchema(Output):
    """A page of events, oldest first."""

    items = fields.List(fields.Nested(EventSchema))


class EvidenceSchema(Output):
    """Something that a worker saw."""

    kind = fields.String()
    at = Instant(attribute="seen_at")
    data = fields.Raw()


class EvidenceListSchema(Output):
    """All evidence of a ticket, oldest first."""

    items = fields.List(fields.Nested(EvidenceSchema))


class CommentMadeSchema(Output):
    """Something that somebody said."""

    id = fields.Integer()
    sort = fields.String(metadata={"description": "comment, question or answer."})
    author = fields.String(attribute="author.name")
    text = fields.String()
    at = Instant(attribute="created_at")
    mentions = fields.List(fields.String(), metadata={"description": "People who see the ticket, named with @."})
    answers = fields.Integer(
        attribute="answers_id", allow_none=True, metadata={"description": "The question that it answers."}
    )


class CommentListSchema(Output):
    """All comments of a ticket, oldest first."""

    items = fields.List(fields.Nested(CommentMadeSchema))


class ManifestSchema(Output):
    """A corrected manifest for the people of the tenant to apply."""

    workload = fields.String()
    name = fields.String(metadata={"description": "A name for the file."})
    text = fields.String(metadata={"description": "The manifest as YAML, without literal values of variables."})
    notes = fields.List(fields.String(), metadata={"description": "What to know or to fill in before it is applied."})
    withheld = fields.List(fields.String(), metadata={"description": "The variables whose values are missing."})


class ManifestListSchema(Output):
    """All manifests of a ticket, as the last preflight made them."""

    items = fields.List(fields.Nested(ManifestSchema))


class LikeSchema(Output):
    """An earlier ticket like the one that is asked about: what became of it, and by whom."""

    ref = fields.String()
    state = fields.String()
    same = fields.Boolean(metadata={"description": "Of the same content; false: it has a target in common."})
    requester = fields.String()
    reason = fields.String()
    asked = fields.Nested(GrantedSchema)
    granted = fields.Nested(GrantedSchema, allow_none=True, metadata={"description": "Where that was less."})
    conditions = fields.List(fields.Nested(ConditionSchema))
    decisions = fields.List(fields.Nested(DecisionMadeSchema))
    outcome = fields.String(allow_none=True)
    ended_by = fields.String(allow_none=True)
    end_reason = fields.String(allow_none=True)
    created_at = Instant()
    ended_at = Instant(allow_none=True)


class HistorySchema(Output):
    """Earlier tickets of the same tenant and kind, newest first, 50 at most."""

    items = fields.List(fields.Nested(LikeSchema))
