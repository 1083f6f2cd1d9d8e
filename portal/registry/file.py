"""registry.yaml: its format, and every rule that a registry must keep.

Pure: `meshdesk registry apply` loads the file here, applying.py writes it to the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from portal.configuration_files import load_yaml, refuse
from portal.fields import dns_label, group_name, sign_in_name
from portal.registry.diff import Action, Change, diff
from portal.registry.guard_schema import GuardSchema, ModeField
from portal.registry.rules import broken
from portal.registry.state import ClusterEntry, GroupEntry, NamespaceEntry, PersonEntry, RegistryFile, TenantEntry
from portal.registry.viz_schema import VizSchema

__all__ = [
    "Action",
    "Change",
    "ClusterEntry",
    "NamespaceEntry",
    "PersonEntry",
    "RegistryFile",
    "TenantEntry",
    "diff",
    "load_registry",
]

_ENVIRONMENTS = ("sandbox", "staging", "production")
_SYSTEM = "meshdesk-"
_said = validate.Length(1, 200, error="Write 1 to 200 characters.")


def _not_the_systems_own(name: str) -> None:
    if name.startswith(_SYSTEM):
        raise ValidationError(f"Names that start with {_SYSTEM!r} are the system's own: choose another.")


def _person() -> fields.String:
    return fields.String(validate=sign_in_name)


def _people() -> fields.List[str]:
    return fields.List(_person(), load_default=list)


def _groups() -> fields.List[str]:
    return fields.List(fields.String(validate=group_name), load_default=list)


def _tuples(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}


class ClusterSchema(Schema):
    """One cluster; its name is for ever."""

    name = fields.String(required=True, validate=dns_label)
    environment = fields.String(required=True, validate=validate.OneOf(_ENVIRONMENTS))
    console = fields.Url(schemes={"http", "https"}, require_tld=False, load_default=None)
    description = fields.String(load_default="")
    viz = fields.Nested(VizSchema, load_default=None)
    guard = fields.Nested(GuardSchema, load_default=None)

    @post_load
    def _made(self, data: Mapping[str, Any], **_: Any) -> ClusterEntry:
        guard = data["guard"] or {"mode": "off", "ask_at": None}
        return ClusterEntry(**{**data, "guard": guard["mode"], "guard_ask_at": guard["ask_at"]})


class NamespaceSchema(Schema):
    """One namespace of a tenant."""

    cluster = fields.String(required=True, validate=dns_label)
    name = fields.String(required=True, validate=dns_label)
    environment = fields.String(load_default=None, validate=validate.OneOf(_ENVIRONMENTS))
    guard = ModeField(load_default=None)

    @post_load
    def _made(self, data: Mapping[str, Any], **_: Any) -> NamespaceEntry:
        return NamespaceEntry(**data)


class GroupsSchema(Schema):
    """The groups of the identity provider whose people are a tenant's."""

    members = _groups()
    owners = _groups()
    security_partners = _groups()

    @post_load
    def _made(self, data: Mapping[str, Any], **_: Any) -> GroupEntry:
        return GroupEntry(**_tuples(data))


class TenantSchema(Schema):
    """One tenant with its namespaces, its people and who else is told of its tickets."""

    name = fields.String(required=True, validate=dns_label)
    title = fields.String(load_default=None, validate=_said)
    namespaces = fields.List(fields.Nested(NamespaceSchema), load_default=list)
    members = _people()
    owners = _people()
    security_partners = _people()
    groups = fields.Nested(GroupsSchema, load_default=GroupEntry())
    channels = fields.List(fields.String(validate=_said), load_default=list)

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> TenantEntry:
        return TenantEntry(**_tuples({**data, "title": data["title"] or data["name"]}))


class PersonSchema(Schema):
    """One person; without a title the name stands for it."""

    name = fields.String(required=True, validate=[sign_in_name, _not_the_systems_own])
    title = fields.String(load_default=None, validate=_said)
    email = fields.Email(load_default=None)

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> PersonEntry:
        return PersonEntry(**{**data, "title": data["title"] or data["name"]})


class RegistrySchema(Schema):
    """A whole registry.yaml."""

    clusters = fields.List(fields.Nested(ClusterSchema), required=True)
    tenants = fields.List(fields.Nested(TenantSchema), load_default=list)
    people = fields.List(fields.Nested(PersonSchema), load_default=list)
    operators = _people()
    auditors = _people()
    operator_groups = _groups()
    auditor_groups = _groups()

    @validates_schema
    def _holds_together(self, data: Mapping[str, Any], **_: Any) -> None:
        refuse(broken(RegistryFile(**_tuples(data))))

    @post_load
    def _made(self, data: Mapping[str, Any], **_: Any) -> RegistryFile:
        return RegistryFile(**_tuples(data))


_SCHEMA = RegistrySchema()


def load_registry(text: str, name: str = "registry.yaml") -> RegistryFile:
    """The registry that the text says; raises FileInvalid naming every problem with its line."""
    registry: RegistryFile = load_yaml(text, _SCHEMA, name=name)
    return replace(registry, text=text)
