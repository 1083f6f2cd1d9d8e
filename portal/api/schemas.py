"""What clients send, as marshmallow reads it. Each schema is built once; a kind's own fields are its own schema's."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema
from webargs.fields import DelimitedList

from portal.api.schema_base import NAME, NEEDED, Input, Moment, Words
from portal.api.window_schema import RestartWindowSchema
from portal.fields import Duration
from portal.kinds.base import Scope
from portal.kinds.registry import KINDS
from portal.states import State
from portal.tickets.asking import Ask

PLACES: dict[Scope, tuple[str, ...]] = {
    Scope.NAMESPACE: ("cluster", "namespace"),
    Scope.NAMESPACES: ("cluster",),
    Scope.ANYTHING: (),
}


def states() -> DelimitedList:
    """States, separated by commas."""
    words = ", ".join(State)
    return DelimitedList(fields.Enum(State, by_value=True, error_messages={"unknown": f"Use some of {words}."}))


class AskSchema(Input):
    """A request: its envelope, and the fields that the kind defines."""

    kind = fields.String(required=True, validate=NAME, error_messages=NEEDED)
    cluster = fields.String(load_default=None, allow_none=True, validate=NAME)
    namespace = fields.String(
        load_default=None,
        allow_none=True,
        validate=NAME,
        metadata={"description": "A namespace of yours, for kinds whose scope is `namespace`."},
    )
    tenant = fields.String(
        load_default=None,
        allow_none=True,
        validate=NAME,
        metadata={"description": "Yours that it is for, where no namespace tells."},
    )
    duration = Duration(
        load_default=None,
        allow_none=True,
        metadata={"description": "ISO 8601; null: no end, where the rule allows it."},
    )
    reason = Words(
        required=True,
        error_messages=NEEDED,
        validate=validate.Length(1, 4000, error="Say why it is needed, in at most 4000 characters."),
        metadata={"description": "Why it is needed."},
    )
    fields_ = fields.Dict(
        keys=fields.String(),
        data_key="fields",
        required=True,
        error_messages=NEEDED,
        metadata={"description": "What the kind asks for: GET /kinds/{name} has its schema."},
    )
    starts_at = fields.AwareDateTime(
        load_default=None,
        allow_none=True,
        metadata={"description": "RFC 3339: not applied before; null: as soon as it is approved."},
    )
    restart_window = fields.Nested(
        RestartWindowSchema,
        load_default=None,
        allow_none=True,
        metadata={"description": "Applied only inside it, for kinds that restart pods."},
    )
    renews = fields.String(
        load_default=None,
        allow_none=True,
        validate=NAME,
        metadata={"description": "The open ticket that this one follows."},
    )

    @validates_schema(skip_on_field_errors=False)
    def _place_is_named(self, data: dict[str, Any], **_: Any) -> None:
        """Named at once with whatever else is missing; `portal/tickets/placing.py` has the whole rule."""
        kind = KINDS.get(data.get("kind") or "")
        needed = PLACES[kind.scope] if kind is not None else ()
        missing = [name for name in needed if data.get(name) is None]
        if missing:
            raise ValidationError({name: [NEEDED["required"]] for name in missing})

    @post_load
    def _ask(self, data: dict[str, Any], **_: Any) -> Ask:
        return Ask(fields=data.pop("fields_"), **data)


class ReasonSchema(Input):
    """Why a ticket ends."""

    reason = Words(required=True, error_messages=NEEDED)


class AnswerSchema(Input):
    """What an operator answers to a ticket that no worker carries out."""

    answer = Words(required=True, error_messages=NEEDED, metadata={"description": "What was done, or why it is not."})


class PauseSchema(Input):
    """Why a cluster is paused."""

    reason = Words(
        required=True,
        error_messages=NEEDED,
        metadata={"description": "Why; everybody who may see the cluster reads it."},
    )


class RevocationSchema(Input):
    """Whose tickets to revoke, all that is named together, and whether it is only tried."""

    tenant = fields.String(load_default=None, validate=NAME)
    cluster = fields.String(load_default=None, validate=NAME)
    kind = fields.String(load_default=None, validate=NAME)
    reason = Words(required=True, error_messages=NEEDED)
    dry_run = fields.Boolean(
        load_default=True,
        truthy={True},
        falsy={False},
        metadata={"description": "true: end nothing, only say what would be ended."},
    )


class NothingSchema(Input):
    """No fields: the path says all."""


class CommentSchema(Input):
    """Something to say on a ticket."""

    text = Words(required=True, error_messages=NEEDED)


class WaitSchema(Input):
    """Until when to wait for a ticket's state."""

    wait = states()
    timeout = fields.Integer(
        load_default=30,
        validate=validate.Range(1, 60, error="Wait 1 to 60 seconds."),
        metadata={"description": "Seconds to wait at most."},
    )


class PageSchema(Input):
    """Where a page begins and how long it is."""

    cursor = fields.String(load_default=None, metadata={"description": "From the Link header of the page before."})
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200, error="Ask for 1 to 200."))


class StorySchema(PageSchema):
    """Where a page of events begins; long enough that most tickets' whole story is one page."""

    limit = fields.Integer(load_default=500, validate=validate.Range(1, 500, error="Ask for 1 to 500."))


class ListSchema(PageSchema):
    """Which tickets to list."""

    state = states()
    waiting_for = fields.String(validate=validate.OneOf(["me"], error="Only waiting_for=me can be asked."))
    owed = fields.String(
        validate=validate.OneOf(["review", "recertification"], error="Ask for owed=review or owed=recertification."),
        metadata={"description": "Broken glass without a review, or long windows whose deciders are asked now."},
    )
    mine = fields.Boolean(load_default=False)
    tenant = fields.String(validate=NAME)
    cluster = fields.String(validate=NAME)
    namespace = fields.String(validate=NAME)
    kind = fields.String(validate=NAME)
    environment = fields.String(validate=NAME)
    requester = fields.String(validate=NAME, metadata={"description": "The sign-in name of who answers for it."})
    q = Words(
        validate=validate.Length(min=1, max=200, error="Search with 1 to 200 characters."),
        metadata={"description": "Words that it holds, all of them: reference, workload, port, person, reason, title."},
    )
    from_ = Moment(data_key="from", metadata={"description": "Asked since then: a day (UTC) or RFC 3339."})
    until = Moment(whole_day=True, metadata={"description": "Asked until then, such a day included."})


class InventorySchema(Input):
    """Which namespace's workloads to show."""

    namespace = fields.String(required=True, validate=NAME, error_messages=NEEDED)
