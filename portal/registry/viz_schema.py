"""`viz` of a cluster in registry.yaml: where the bundle comes from, and what is allowed of it. file.py nests it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from portal.fields import dns_label
from portal.mesh.viz.reader import is_identity
from portal.registry.state import ChartSource, SecretSource, VizEntry

_SOURCES = ("bundle", "secret", "chart")
_path = validate.Length(1, 1000, error="Write a path, relative to the registry file.")
# What begins with a hyphen would be an option of helm.
_chart = validate.Regexp(
    r"^(oci://)?[A-Za-z0-9_./][A-Za-z0-9_.:/@+-]*\Z",
    error="{input!r} is no chart: write repository/name, oci://host/name, or the path of a chart.",
)
_version = validate.Regexp(r"^[0-9][A-Za-z0-9.+-]*\Z", error="{input!r} is no version of a chart, like 2026.6.3.")
_listed = validate.Regexp(
    r"^[A-Z][A-Za-z]*(/[a-z0-9]([-a-z0-9]*[a-z0-9])?)?/[A-Za-z0-9]([-A-Za-z0-9_.:]*[A-Za-z0-9])?\Z",
    error="{input!r} names no object: write Kind/name or Kind/namespace/name.",
)


def _identity(text: str) -> None:
    if not is_identity(text):
        raise ValidationError(
            f"{text!r} is no mesh identity: write ACCOUNT.NAMESPACE.serviceaccount.identity.linkerd.CLUSTER-DOMAIN."
        )


class SecretSchema(Schema):
    """A Secret of the cluster."""

    namespace = fields.String(required=True, validate=dns_label)
    name = fields.String(required=True, validate=validate.Regexp(r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\Z"))

    @post_load
    def _made(self, data: Mapping[str, Any], **_: Any) -> SecretSource:
        return SecretSource(**data)


class ChartSchema(Schema):
    """A chart and its values."""

    ref = fields.String(required=True, validate=_chart)
    version = fields.String(required=True, validate=_version)
    values = fields.String(load_default=None, validate=_path)

    @post_load
    def _made(self, data: Mapping[str, Any], **_: Any) -> ChartSource:
        return ChartSource(**data)


class VizSchema(Schema):
    """The Viz of one cluster: exactly one of `bundle`, `secret` and `chart`."""

    bundle = fields.String(load_default=None, validate=_path)
    secret = fields.Nested(SecretSchema, load_default=None)
    chart = fields.Nested(ChartSchema, load_default=None)
    listed = fields.List(fields.String(validate=_listed), load_default=list)
    shared_dashboard = fields.String(load_default=None, validate=validate.Length(10, 1000, error="Say it in words."))
    control_plane = fields.String(load_default="linkerd", validate=dns_label)
    prometheus_reader = fields.String(load_default=None, validate=_identity)

    @validates_schema
    def _has_one_source(self, data: Mapping[str, Any], **_: Any) -> None:
        if sum(data.get(key) is not None for key in _SOURCES) != 1:
            raise ValidationError(f"Name one of {', '.join(_SOURCES)}.")

    @post_load
    def _made(self, data: Mapping[str, Any], **_: Any) -> VizEntry:
        return VizEntry(**{**data, "listed": tuple(data["listed"])})
