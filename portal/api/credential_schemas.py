"""What clients send and get of tokens and services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, post_load, validate

from portal.access.actor import TENANT_ROLES, Scope
from portal.access.tokens import Terms
from portal.api.schema_base import NAME, NEEDED, Input, Instant, Output, Words
from portal.api.schemas import PageSchema
from portal.credentials.services import Wanted
from portal.credentials.tokens import STATES
from portal.fields import Duration, dns_label
from portal.models import Role

_TITLE = validate.Length(min=1, max=200, error="Give 1 to 200 characters.")
_SOME = validate.Length(min=1, error="Name at least one.")


def _scope() -> fields.Enum[Scope]:
    return fields.Enum(Scope, by_value=True, error_messages={"unknown": f"Use some of {', '.join(Scope)}."})


class TokenWantedSchema(Input):
    """A token: what for, with which scopes, and for how long."""

    name = Words(required=True, validate=_TITLE, error_messages=NEEDED, metadata={"description": "What it is for."})
    scopes = fields.List(
        _scope(),
        required=True,
        validate=_SOME,
        error_messages=NEEDED,
        metadata={"description": "read, request, decide, operate; read goes with each."},
    )
    lifetime = Duration(
        required=True, error_messages=NEEDED, metadata={"description": "ISO 8601; at most MESHDESK_TOKEN_LONGEST."}
    )

    @post_load
    def _terms(self, data: Mapping[str, Any], **_: Any) -> Terms:
        return Terms(data["name"], data["lifetime"], frozenset(data["scopes"]))


class TokensAskedSchema(PageSchema):
    """Whose tokens to list."""

    whose = fields.String(
        load_default="mine",
        validate=validate.OneOf(["mine", "everybody"], error="Say mine or everybody."),
        metadata={"description": "everybody: for operators and auditors."},
    )
    state = fields.String(load_default=None, validate=validate.OneOf(STATES, error=f"Use one of {', '.join(STATES)}."))
    person = fields.String(load_default=None, validate=NAME, metadata={"description": "A service is TENANT/NAME."})


class TokenSchema(Output):
    """A token, without what it is made of."""

    id = fields.Integer()
    person = fields.String(attribute="person.name", metadata={"description": "Whose it is; a service is TENANT/NAME."})
    name = fields.String()
    scopes = fields.List(fields.String())
    created_at = Instant()
    expires_at = Instant(allow_none=True)
    last_used_at = Instant(allow_none=True, metadata={"description": "To the minute; null: never."})
    revoked_at = Instant(allow_none=True)


class TokenMadeSchema(TokenSchema):
    """A token that was made."""

    token = fields.String(
        allow_none=True,
        metadata={"description": "The token itself, this once; null where the answer is given again by its key."},
    )


class TokenListSchema(Output):
    """Tokens, newest first."""

    items = fields.List(fields.Nested(TokenSchema))


class ServiceWantedSchema(Input):
    """A service: a name within the tenant, what it is, and the roles of its maker that it gets."""

    name = fields.String(required=True, validate=dns_label, error_messages=NEEDED)
    title = Words(required=True, validate=_TITLE, error_messages=NEEDED)
    roles = fields.List(
        fields.String(validate=validate.OneOf(sorted(TENANT_ROLES), error="Use some of {choices}.")),
        required=True,
        validate=_SOME,
        error_messages=NEEDED,
        metadata={"description": "Some of your own in this tenant."},
    )

    @post_load
    def _wanted(self, data: Mapping[str, Any], **_: Any) -> Wanted:
        return Wanted(data["name"], data["title"], frozenset(map(Role, data["roles"])))


class ServiceSchema(Output):
    """A service of a tenant."""

    name = fields.String()
    acts_as = fields.String(attribute="person.name", metadata={"description": "Its name on tickets and events."})
    title = fields.String(attribute="person.title")
    owner = fields.String(attribute="person.owner.name", metadata={"description": "Who answers for it."})
    roles = fields.List(fields.String())
    roles_now = fields.List(fields.String(), metadata={"description": "Those of them that its owner has too, now."})
    last_used_at = Instant(allow_none=True)


class ServiceListSchema(Output):
    """The services of a tenant, by name."""

    items = fields.List(fields.Nested(ServiceSchema))
