"""Verified claims as an identity: who somebody is to the provider, by which name, and in which groups."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from portal.config import Config
from portal.errors import Forbidden
from portal.fields import sign_in_name

LONGEST, MOST_GROUPS = 253, 1000
SYSTEM = "meshdesk-"


@dataclass(frozen=True)
class Identity:
    """Somebody for whom the provider vouched at `at`.

    `name` is None where the token has none: enough for somebody who is known. `groups` is None where the claim is
    missing.
    """

    issuer: str
    subject: str
    at: datetime
    name: str | None = None
    title: str | None = None
    email: str | None = None
    groups: frozenset[str] | None = None


def _printable(text: str) -> None:
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in text):
        raise ValidationError("It has control characters.")


def _text(most: int) -> list[Any]:
    return [validate.Length(1, most, error=f"It is not of 1 to {most} characters."), _printable]


class _Claims(Schema):
    subject = fields.String(required=True, validate=_text(LONGEST))
    at = fields.Float(required=True)
    name = fields.String(load_default=None, allow_none=True, validate=sign_in_name)
    title = fields.String(load_default=None, allow_none=True, validate=_text(200))
    email = fields.Email(load_default=None, allow_none=True, validate=_text(LONGEST))
    groups = fields.List(
        fields.String(validate=_text(LONGEST)),
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=MOST_GROUPS, error=f"It lists more than {MOST_GROUPS}."),
    )


_SCHEMA = _Claims()


def identity_of(claims: Mapping[str, Any], config: Config) -> Identity:
    """The identity that verified claims tell of; raises Forbidden, naming the claim, for what cannot be used."""
    where = _names(config)
    found = {field: claims[claim] for field, claim in where.items() if claims.get(claim) not in (None, "")}
    if isinstance(found.get("name"), str):
        found["name"] = found["name"].strip().lower()
    if isinstance(found.get("groups"), str):
        found["groups"] = [found["groups"]]
    _check_name(found.get("name"), claims, config)
    try:
        known = _SCHEMA.load(found)
        at = datetime.fromtimestamp(known.pop("at"), UTC)
    except ValidationError as error:
        raise Forbidden(_sentence(error, where)) from error
    except (OverflowError, ValueError, OSError) as error:
        raise Forbidden("The identity provider's claim `iat` is no time: tell your platform operators.") from error
    groups = known.pop("groups")
    return Identity(config.oidc_issuer, at=at, groups=None if groups is None else frozenset(groups), **known)


def _names(config: Config) -> dict[str, str]:
    return {
        "subject": "sub",
        "at": "iat",
        "name": config.oidc_name_claim,
        "title": "name",
        "email": "email",
        "groups": config.oidc_groups_claim,
    }


def _check_name(name: Any, claims: Mapping[str, Any], config: Config) -> None:
    if isinstance(name, str) and name.startswith(SYSTEM):
        raise Forbidden(f"Names that start with {SYSTEM!r} are the system's own: {name[:60]!r} cannot sign in.")
    # Some providers let people write any address into their own account.
    if config.oidc_name_claim == "email" and claims.get("email_verified", True) not in (True, "true"):
        raise Forbidden("The identity provider has not verified your address: verify it there, then sign in again.")


def _sentence(error: ValidationError, where: Mapping[str, str]) -> str:
    messages = error.normalized_messages()  # type: ignore[no-untyped-call]
    named = ", ".join(f"`{where[field]}`" for field in messages)
    first = next(iter(messages.values()))
    said = str(first[0])[:300] if isinstance(first, list) else "An entry of it cannot be used."
    return f"The identity provider's claim {named} cannot be used: {said} Tell your platform operators."
