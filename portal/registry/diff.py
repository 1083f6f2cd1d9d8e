"""How two registries differ, for people: `meshdesk registry apply` shows it before and after it writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from portal.registry.state import GroupEntry, RegistryFile, TenantEntry, VizEntry


class Action(StrEnum):
    """What becomes of an entry; the value is the sign that starts its line."""

    ADD = "+"
    CHANGE = "~"
    REMOVE = "-"


@dataclass(frozen=True)
class Change:
    """One difference; `str()` is its line: `~ namespace practice/emojivoto environment production -> sandbox`."""

    action: Action
    noun: str
    name: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.action} {self.noun} {self.name} {self.detail}".rstrip()


@dataclass(frozen=True)
class _Row:
    """One entry with what can be said and compared of it."""

    noun: str
    name: str
    detail: str
    values: dict[str, str | None]


_NOUNS = (
    "cluster",
    "person",
    "tenant",
    "namespace",
    "member",
    "tenant-owner",
    "security-partner",
    "platform-operator",
    "auditor",
    "member group",
    "tenant-owner group",
    "security-partner group",
    "platform-operator group",
    "auditor group",
)
_Key = tuple[int, str, str]


def diff(old: RegistryFile, new: RegistryFile) -> list[Change]:
    """What applying `new` over `old` changes, by noun and name whatever the order of the files; equal ones give []."""
    before, after = _by_key(old), _by_key(new)
    return [change for key in sorted(before.keys() | after.keys()) for change in _of(before.get(key), after.get(key))]


def _of(before: _Row | None, after: _Row | None) -> Iterator[Change]:
    if before is None or after is None:
        row, action = (after, Action.ADD) if before is None else (before, Action.REMOVE)
        if row is not None:
            yield Change(action, row.noun, row.name, row.detail)
        return
    changed = [name for name in after.values if before.values[name] != after.values[name]]
    for name in changed:
        if not (name == "own environment" and "environment" in changed):
            detail = f"{name} {_shown(before.values[name])} -> {_shown(after.values[name])}"
            yield Change(Action.CHANGE, after.noun, after.name, detail)


def _shown(value: str | None) -> str:
    if value is None:
        return "none"
    return value if value and " " not in value else f'"{value}"'


def _by_key(registry: RegistryFile) -> dict[_Key, _Row]:
    found: dict[_Key, _Row] = {}
    for row in (*_plain_rows(registry), *_namespace_rows(registry), *_role_rows(registry)):
        # A role is another one in each tenant; everything else is known by its name alone.
        whose = "" if row.values else row.detail
        found[_NOUNS.index(row.noun), row.name, whose] = row
    return found


def _plain_rows(registry: RegistryFile) -> Iterator[_Row]:
    for cluster in registry.clusters:
        values = {"environment": cluster.environment, "console": cluster.console, "description": cluster.description}
        guard = {"guard": cluster.guard, "guard asks at": cluster.guard_ask_at}
        yield _Row("cluster", cluster.name, f"({cluster.environment})", {**values, **guard, **_viz_values(cluster.viz)})
    for person in registry.people:
        yield _Row("person", person.name, "", {"title": person.title, "email": person.email})
    for tenant in registry.tenants:
        channels = ", ".join(tenant.channels) or None
        yield _Row("tenant", tenant.name, "", {"title": tenant.title, "channels": channels})


def _viz_values(viz: VizEntry | None) -> dict[str, str | None]:
    source = viz.source() if viz else {}
    digest = viz.digest[:12] if viz and viz.digest else None
    return {
        "viz": json.dumps(source, sort_keys=True) if source else None,
        "viz bundle": digest,
        "viz shared dashboard": viz.shared_dashboard if viz else None,
    }


def _namespace_rows(registry: RegistryFile) -> Iterator[_Row]:
    for tenant in registry.tenants:
        for namespace in tenant.namespaces:
            environment = registry.environment_of(namespace)
            values = {"tenant": tenant.name, "environment": environment, "own environment": namespace.environment}
            values["own guard"] = namespace.guard
            name = f"{namespace.cluster}/{namespace.name}"
            yield _Row("namespace", name, f"of tenant {tenant.name} ({environment})", values)


def _role_rows(registry: RegistryFile) -> Iterator[_Row]:
    for tenant in registry.tenants:
        for noun, names in (*_by_role(tenant, ""), *_by_role(tenant.groups, " group")):
            yield from (_Row(noun, name, f"of tenant {tenant.name}", {}) for name in names)
    platform = {
        "platform-operator": registry.operators,
        "auditor": registry.auditors,
        "platform-operator group": registry.operator_groups,
        "auditor group": registry.auditor_groups,
    }
    for noun, names in platform.items():
        yield from (_Row(noun, name, "", {}) for name in names)


def _by_role(named: TenantEntry | GroupEntry, suffix: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield f"member{suffix}", named.members
    yield f"tenant-owner{suffix}", named.owners
    yield f"security-partner{suffix}", named.security_partners
