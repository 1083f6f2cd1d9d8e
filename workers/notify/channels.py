"""The workers' own file that says how people are told: addresses and secrets never leave it (MESHDESK_CHANNELS).

Tenants name its channels in the registry; what a name stands for is the operators' to say, here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from portal.configuration_files import FileInvalid, Problem, load_yaml, refuse
from portal.errors import ConfigurationError
from portal.fields import Flag, dns_label
from portal.notify.noting import OWN
from workers.notify.outcomes import HIDDEN, NoChannel
from workers.notify.services import SAMPLE, Service, opened, takes_an_address, to_own
from workers.notify.webhook import Webhook, is_loopback

LONG_ENOUGH = validate.Length(min=16, error="Give at least 16 characters: nobody may guess it.")
KEYS = ("mail", "channels", "webhooks", "url", "secret", "allow_http")
_UNKNOWN_TO_APPRISE = "Apprise cannot use this address: see its page of that service, and quote what is in it."
_NO_PLACE = "People's own addresses need a mail server (mailtos://…), or {email} in the address."
_PLAIN = "Use https://, or say `allow_http: true` where the network between is trusted: secrets of notices pass it."
_QUOTED = re.compile(r"'([^']*)'")


def _address(url: str) -> None:
    try:
        urlsplit(url)
    except ValueError as error:
        raise ValidationError("This is no address.") from error


class Secret(fields.String):
    """Text of which nothing is repeated in what is said of it."""

    default_error_messages = {  # noqa: RUF012 - as marshmallow asks
        "invalid": "Put it in quotes: YAML reads it as something other than text."
    }


class OwnSchema(Schema):
    """How people are told at their own mail address."""

    url = Secret(required=True, validate=_address)

    @validates_schema
    def _usable(self, data: Mapping[str, str], **_: Any) -> None:
        if not takes_an_address(data["url"]):
            raise ValidationError(_NO_PLACE, "url")
        if opened(to_own(data["url"], SAMPLE)) is None:
            raise ValidationError(_UNKNOWN_TO_APPRISE, "url")


class ServiceSchema(Schema):
    """One chat, or a mail address of several people."""

    url = Secret(required=True, validate=_address)

    @validates_schema
    def _usable(self, data: Mapping[str, str], **_: Any) -> None:
        if opened(data["url"]) is None:
            raise ValidationError(_UNKNOWN_TO_APPRISE, "url")


class Secrets(fields.List[str]):
    """One secret, or several while one takes the place of another."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        return super()._deserialize(value if isinstance(value, list) else [value], attr, data, **kwargs)


class WebhookSchema(Schema):
    """One receiver of signed posts."""

    url = Secret(required=True, validate=_address)
    secret = Secrets(Secret(validate=LONG_ENOUGH), required=True, validate=validate.Length(min=1, error="Name one."))
    allow_http = Flag(load_default=False)

    @validates_schema
    def _reachable(self, data: Mapping[str, Any], **_: Any) -> None:
        parts = urlsplit(data["url"])
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValidationError("Write an address that starts with https://.", "url")
        if parts.username or parts.password:
            raise ValidationError("Leave user and password out of it: the signature says who sends.", "url")
        if parts.scheme == "http" and not (data["allow_http"] or is_loopback(data["url"])):
            raise ValidationError(_PLAIN, "url")

    @post_load
    def _made(self, data: Mapping[str, Any], **_: Any) -> Webhook:
        return Webhook(data["url"], tuple(data["secret"]))


@dataclass(frozen=True)
class Channels:
    """Every way to tell somebody, by name."""

    own: str | None = field(default=None, repr=False)
    services: Mapping[str, Service] = field(default_factory=dict)
    webhooks: Mapping[str, Webhook] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """What can be tested, and what a registry may name besides `mail`."""
        return [*([OWN] if self.own else []), *self.services, *self.webhooks]

    def door(self, name: str, email: str | None) -> Service | Webhook:
        """Where a channel leads to, for `mail` the person's own address; raises NoChannel."""
        if name == OWN:
            return self._own(email)
        found = self.services.get(name) or self.webhooks.get(name)
        if found is None:
            raise NoChannel(f"The channels file has no channel {name}.")
        return found

    def _own(self, email: str | None) -> Service:
        if self.own is None:
            raise NoChannel("The channels file has no `mail`.")
        try:
            validate.Email()(email or "")
        except ValidationError as error:
            raise NoChannel("No usable mail address of theirs is known.") from error
        return Service(to_own(self.own, str(email)))


class ChannelsSchema(Schema):
    """The whole file."""

    mail = fields.Nested(OwnSchema, load_default=None)
    channels = fields.Dict(
        keys=fields.String(validate=dns_label), values=fields.Nested(ServiceSchema), load_default=dict
    )
    webhooks = fields.Dict(
        keys=fields.String(validate=dns_label), values=fields.Nested(WebhookSchema), load_default=dict
    )

    @validates_schema
    def _each_name_once(self, data: Mapping[str, Any], **_: Any) -> None:
        taken = {OWN: "mail", **dict.fromkeys(data["channels"], "channels")}
        again = [
            (part, name) for part in ("channels", "webhooks") for name in data[part] if taken.get(name, part) != part
        ]
        refuse(((part, name), f"{taken[name]} has this name already: choose another.") for part, name in again)

    @post_load
    def _made(self, data: Mapping[str, Any], **_: Any) -> Channels:
        services = {name: Service(one["url"]) for name, one in data["channels"].items()}
        return Channels(data["mail"] and data["mail"]["url"], services, data["webhooks"])


_SCHEMA = ChannelsSchema()


def load_channels(text: str, name: str) -> Channels:
    """What a channels file says; raises FileInvalid, which repeats nothing that may be a secret."""
    try:
        found: Channels = load_yaml(text, _SCHEMA, name=name)
        return found
    except FileInvalid as error:
        raise FileInvalid(name, [_discreet(problem) for problem in error.problems]) from None


def _discreet(problem: Problem) -> Problem:
    """A value may stand where a key should, and YAML quotes what it cannot read: only near misses are repeated."""
    sentence = _QUOTED.sub(lambda found: found[0] if _is_key(found[1]) else f"'{HIDDEN}'", problem.sentence)
    # An unknown key is the end of the path too.
    hidden = sentence != problem.sentence and "is not known" in sentence
    return replace(problem, sentence=sentence, path=problem.path.rpartition(".")[0] if hidden else problem.path)


def _is_key(word: str) -> bool:
    return bool(get_close_matches(word, KEYS, n=1, cutoff=0.7))


def read_channels(path: Path | None) -> Channels:
    """The channels of a file, read anew when it changed; raises NoChannel where none is named, ConfigurationError."""
    if path is None:
        raise NoChannel("There is no channels file: MESHDESK_CHANNELS is not set.")
    try:
        stamp = path.stat()
        return _read(path, stamp.st_mtime_ns, stamp.st_size)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The channels file {path} cannot be read ({type(error).__name__}).") from error


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int, _size: int) -> Channels:
    return load_channels(path.read_text(encoding="utf-8"), path.name)
