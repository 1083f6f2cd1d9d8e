"""What the clusters file says of a cluster's Prometheus: its address, and the files that hold what signs in there.

access.py nests it; workers/topline asks what it says. Secrets are read when they are needed, so one that is renewed in
its file needs no restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate, validates_schema

from portal.sign_in_settings import is_loopback

SHORTEST_WINDOW, LONGEST_WINDOW = 15, 600
_FILES = ("token_file", "password_file", "ca_file")
_text = validate.Length(1, 1000)
_window = validate.Range(SHORTEST_WINDOW, LONGEST_WINDOW, error="Give {min} to {max} seconds.")


@dataclass(frozen=True)
class PrometheusEntry:
    """One Prometheus: `url` empty is Viz's own Service, as a worker in the mesh reaches it. Paths are absolute.

    `window` is over how many seconds rates are taken: at least twice the pause between two scrapes.
    """

    url: str = ""
    token_file: Path | None = None
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    window: int = 60

    def placed(self, folder: Path) -> PrometheusEntry:
        """The same with paths that count from a folder."""
        found = {name: getattr(self, name) for name in _FILES}
        return replace(self, **{name: (folder / path).absolute() for name, path in found.items() if path is not None})


class VizPrometheusSchema(Schema):
    """Viz's Prometheus, while a ticket has Viz there: `url` where workers reach it otherwise than in the mesh."""

    class Meta:
        unknown = RAISE

    url = fields.String(validate=_text)
    window = fields.Integer(strict=True, validate=_window)

    @validates_schema
    def _address(self, data: Mapping[str, Any], **_: Any) -> None:
        if "url" in data:
            _check(data["url"], in_mesh=True)

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> PrometheusEntry:
        return PrometheusEntry(**{**data, "url": data.get("url", "").rstrip("/")})


class PrometheusSchema(Schema):
    """The platform's own: https unless it is on this machine; a token, or a name and a password, each from a file."""

    class Meta:
        unknown = RAISE

    url = fields.String(required=True, validate=_text)
    token_file = fields.String(validate=_text)
    username = fields.String(validate=_text)
    password_file = fields.String(validate=_text)
    ca_file = fields.String(validate=_text)
    window = fields.Integer(strict=True, validate=_window)

    @validates_schema
    def _sound(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("username" in data) != ("password_file" in data):
            raise ValidationError("username and password_file go together")
        if "token_file" in data and "username" in data:
            raise ValidationError("has a token or a username, not both")
        if "url" in data:
            _check(data["url"], in_mesh=False)

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> PrometheusEntry:
        paths = {name: Path(data[name]).expanduser() for name in _FILES if name in data}
        return PrometheusEntry(**{**data, **paths, "url": data["url"].rstrip("/")})


def _check(url: str, *, in_mesh: bool) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValidationError("is no address", "url") from error
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise ValidationError("must be an http or https address without a query", "url")
    if "@" in parts.netloc:
        raise ValidationError("may hold no password: write username and password_file", "url")
    # Between proxies it is encrypted all the same.
    in_cluster = in_mesh and (host.endswith(".svc") or ".svc." in host)
    if parts.scheme == "http" and not in_cluster and not is_loopback(host):
        raise ValidationError("must be https: what it answers would be readable on the way", "url")
