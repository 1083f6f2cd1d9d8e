"""What deciders send: a word on a ticket, on many, less than was asked, and the words of questions and templates."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from portal.api.schema_base import NAME, NEEDED, Input, Words
from portal.fields import Duration, dns_label
from portal.tickets.trimming import Grant

AT_ONCE = 100
MOST_CONDITIONS = 10
_INSTANT: dict[str, Any] = {"invalid": "Write it as a date and a time, like 2027-01-31T18:00Z."}
_NEEDED_FOR = {"grant": "approve", "conditions": "approve", "template": "reject"}


class GrantSchema(Input):
    """What an approver grants of an ask; what is left out stays as it was asked."""

    duration = Duration(metadata={"description": "ISO 8601; less than was asked."})
    fields_ = fields.Dict(
        keys=fields.String(),
        data_key="fields",
        load_default=dict,
        metadata={"description": "Parts of what was asked: fewer workloads, namespaces or jobs, fewer ports."},
    )


class DecisionSchema(Input):
    """A person's word on a ticket."""

    decision = fields.String(
        required=True,
        validate=validate.OneOf(["approve", "reject"], error="Say approve or reject."),
        error_messages=NEEDED,
    )
    note = Words(
        load_default="",
        validate=validate.Length(max=4000, error="Give at most 4000 characters."),
        metadata={"description": "Why; a rejection needs it or a template, and so does granting less."},
    )
    grant = fields.Nested(
        GrantSchema, load_default=None, metadata={"description": "With an approval: grant less than was asked."}
    )
    conditions = fields.List(
        Words(validate=validate.Length(1, 1000, error="Give 1 to 1000 characters.")),
        load_default=list,
        validate=validate.Length(max=MOST_CONDITIONS, error=f"Give at most {MOST_CONDITIONS}."),
        metadata={"description": "With an approval: what stands on the ticket for as long as it lives."},
    )
    template = fields.String(
        load_default=None, validate=NAME, metadata={"description": "A reason to reject of the tenant's own, by name."}
    )

    @validates_schema
    def _fits_the_decision(self, data: dict[str, Any], **_: Any) -> None:
        wrong = {
            name: [f"That goes with {decision} only: leave it out."]
            for name, decision in _NEEDED_FOR.items()
            if data.get(name) and data.get("decision") != decision
        }
        if wrong:
            raise ValidationError(wrong)
        if data.get("decision") == "reject" and not (data.get("note") or data.get("template")):
            raise ValidationError("Say why you reject it, so that the requester knows what to do.", "note")

    @post_load
    def _complete(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        grant = data["grant"]
        if grant is not None:
            grant = Grant(note=data["note"], fields=grant.pop("fields_"), **grant)
        return {**data, "grant": grant, "conditions": tuple(data["conditions"])}


class DecisionOnSchema(DecisionSchema):
    """A person's word on one of several tickets."""

    ref = fields.String(required=True, validate=NAME, error_messages=NEEDED)
    version = fields.Integer(
        required=True,
        strict=True,
        error_messages=NEEDED,
        metadata={"description": "The version that was read: the number in its ETag."},
    )


class DecisionsSchema(Input):
    """A person's word on several tickets, each as it was read."""

    items = fields.List(
        fields.Nested(DecisionOnSchema),
        required=True,
        error_messages=NEEDED,
        validate=validate.Length(1, AT_ONCE, error=f"Decide on 1 to {AT_ONCE} tickets at once."),
    )

    @validates_schema
    def _each_once(self, data: dict[str, Any], **_: Any) -> None:
        refs = [item["ref"].upper() for item in data["items"]]
        again = [index for index, ref in enumerate(refs) if ref in refs[:index]]
        if again:
            raise ValidationError({"items": {index: {"ref": ["It stands here already."]} for index in again}})


class DelegationSchema(Input):
    """To whom one leaves one's decisions in a tenant, and for how long."""

    to = fields.String(required=True, validate=NAME, error_messages=NEEDED)
    tenant = fields.String(required=True, validate=NAME, error_messages=NEEDED)
    from_at = fields.AwareDateTime(
        data_key="from",
        load_default=None,
        allow_none=True,
        error_messages=_INSTANT,
        metadata={"description": "RFC 3339; null: from now on."},
    )
    until = fields.AwareDateTime(
        required=True,
        error_messages={**NEEDED, **_INSTANT},
        metadata={"description": "RFC 3339; at most 60 days after it begins."},
    )
    reason = Words(required=True, error_messages=NEEDED)


class TemplateSchema(Input):
    """The words of a reason to reject."""

    text = Words(required=True, error_messages=NEEDED)


class NamedTemplateSchema(TemplateSchema):
    """The same with the name under which it is kept."""

    template = fields.String(required=True, validate=dns_label, error_messages=NEEDED)
