"""What must hold across a whole registry: names are single, a namespace has one tenant, and what is named exists.

Called by the schema in file.py, which turns the paths into lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portal.configuration_files import not_known
from portal.registry.state import Found, Path, RegistryFile


def broken(registry: RegistryFile) -> list[Found]:
    """Every place where a rule is broken, as path and sentence."""
    return [
        *_names_twice(registry),
        *_twice_in_a_list(registry),
        *_claimed_twice(registry),
        *_groups_of_two_tenants(registry),
        *_unknown(registry),
    ]


def _names_twice(registry: RegistryFile) -> Iterator[Found]:
    names = {
        "clusters": [cluster.name for cluster in registry.clusters],
        "tenants": [tenant.name for tenant in registry.tenants],
        "people": [person.name for person in registry.people],
    }
    for noun, named in names.items():
        for index, name in enumerate(named):
            if name in named[:index]:
                yield (noun, index, "name"), f"{noun}[{named.index(name)}] is called {name!r} too: keep one."


def _twice_in_a_list(registry: RegistryFile) -> Iterator[Found]:
    for path, names in (*_lists_of_people(registry), *_other_lists(registry)):
        for index, name in enumerate(names):
            if name in names[:index]:
                yield (*path, index), f"{name!r} stands in this list already: keep one."


def _claimed_twice(registry: RegistryFile) -> Iterator[Found]:
    owner: dict[tuple[str, str], str] = {}
    for at, tenant in enumerate(registry.tenants):
        for index, namespace in enumerate(tenant.namespaces):
            key = (namespace.cluster, namespace.name)
            if key in owner:
                sentence = f"Tenant {owner[key]} owns {namespace.name} on {namespace.cluster} already: only one can."
                yield ("tenants", at, "namespaces", index, "name"), sentence
            owner.setdefault(key, tenant.name)


def _groups_of_two_tenants(registry: RegistryFile) -> Iterator[Found]:
    """Whose people belong to a tenant cannot be left to chance; those who accept risk may do so for several."""
    first: dict[str, str] = {}
    for at, tenant in enumerate(registry.tenants):
        for noun, names in (("members", tenant.groups.members), ("owners", tenant.groups.owners)):
            for index, name in enumerate(names):
                if first.setdefault(name, tenant.name) != tenant.name:
                    sentence = (
                        f"Group {name!r} maps to two tenants, {first[name]} and {tenant.name}: give each a group of "
                        "its own, or name the people of one of them."
                    )
                    yield ("tenants", at, "groups", noun, index), sentence


def _unknown(registry: RegistryFile) -> Iterator[Found]:
    people = {person.name for person in registry.people}
    for path, names in _lists_of_people(registry):
        yield from (((*path, i), f"Person {not_known(name, people)}") for i, name in _missing(names, people))
    clusters = {cluster.name for cluster in registry.clusters}
    for at, tenant in enumerate(registry.tenants):
        named = [namespace.cluster for namespace in tenant.namespaces]
        for index, name in _missing(named, clusters):
            yield ("tenants", at, "namespaces", index, "cluster"), f"Cluster {not_known(name, clusters)}"


def _missing(names: Iterable[str], known: set[str]) -> Iterator[tuple[int, str]]:
    return ((index, name) for index, name in enumerate(names) if name not in known)


def _lists_of_people(registry: RegistryFile) -> Iterator[tuple[Path, tuple[str, ...]]]:
    for at, tenant in enumerate(registry.tenants):
        yield ("tenants", at, "members"), tenant.members
        yield ("tenants", at, "owners"), tenant.owners
        yield ("tenants", at, "security_partners"), tenant.security_partners
    yield ("operators",), registry.operators
    yield ("auditors",), registry.auditors


def _other_lists(registry: RegistryFile) -> Iterator[tuple[Path, tuple[str, ...]]]:
    for at, tenant in enumerate(registry.tenants):
        yield ("tenants", at, "channels"), tenant.channels
        for noun, names in vars(tenant.groups).items():
            yield ("tenants", at, "groups", noun), names
    yield ("operator_groups",), registry.operator_groups
    yield ("auditor_groups",), registry.auditor_groups
