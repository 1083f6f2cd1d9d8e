"""Clusters, tenants and people as a registry names them.

Built from a file by file.py and from the database by applying.py, so that `registry apply` can compare them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from portal.mesh.viz.bundle import Bundle

Path = tuple[str | int, ...]
Found = tuple[Path, str]


@dataclass(frozen=True)
class SecretSource:
    """A Secret of the cluster whose values are the files of a bundle; a worker reads it."""

    namespace: str
    name: str


@dataclass(frozen=True)
class ChartSource:
    """A chart that the `helm` program renders; `values` is a file, relative to the registry's."""

    ref: str
    version: str
    values: str | None = None


@dataclass(frozen=True)
class VizEntry:
    """What is installed for Viz tickets: a file or folder relative to the registry's, a Secret or a chart.

    `listed`, `control_plane` and `prometheus_reader` (`reader`) are those of `read_bundle`. `content` is what was read,
    None where nothing was yet: two entries are equal when their contents have one digest.
    """

    bundle: str | None = None
    secret: SecretSource | None = None
    chart: ChartSource | None = None
    listed: tuple[str, ...] = ()
    shared_dashboard: str | None = None
    control_plane: str = "linkerd"
    prometheus_reader: str | None = None
    digest: str | None = None
    content: Bundle | None = field(default=None, compare=False, repr=False)

    def source(self) -> dict[str, Any]:
        """Where it comes from and how it is read, JSON-safe; `from_source` reads it back."""
        found = {key: getattr(self, key) for key in ("bundle", "secret", "chart")}
        source = {key: value if isinstance(value, str) else asdict(value) for key, value in found.items() if value}
        # Named only where it is: what was stored before it could be reads as the same.
        reader = {"prometheus_reader": self.prometheus_reader} if self.prometheus_reader else {}
        return {**source, "listed": list(self.listed), "control_plane": self.control_plane, **reader}

    @classmethod
    def from_source(cls, source: Mapping[str, Any], **more: Any) -> VizEntry:
        """The entry of a stored source; `more` are the fields that are no part of it."""
        made = {"secret": SecretSource, "chart": ChartSource}
        found = {key: made[key](**value) if key in made else value for key, value in source.items()}
        return cls(**{**found, "listed": tuple(source["listed"]), **more})


@dataclass(frozen=True)
class ClusterEntry:
    """One cluster with Linkerd; its name never changes."""

    name: str
    environment: str
    console: str | None = None
    description: str = ""
    viz: VizEntry | None = None
    guard: str = "off"
    guard_ask_at: str | None = None


@dataclass(frozen=True)
class NamespaceEntry:
    """One namespace of a tenant; `environment` and `guard` override the cluster's."""

    cluster: str
    name: str
    environment: str | None = None
    guard: str | None = None


@dataclass(frozen=True)
class GroupEntry:
    """The groups of the identity provider whose people are a tenant's, by role."""

    members: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    security_partners: tuple[str, ...] = ()


@dataclass(frozen=True)
class TenantEntry:
    """One tenant, what it owns, its people by role (by name and by group), and the channels that are told."""

    name: str
    title: str
    namespaces: tuple[NamespaceEntry, ...] = ()
    members: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    security_partners: tuple[str, ...] = ()
    groups: GroupEntry = GroupEntry()
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class PersonEntry:
    """Somebody who acts, by sign-in name."""

    name: str
    title: str
    email: str | None = None


@dataclass(frozen=True)
class RegistryFile:
    """A whole registry; `text` is the file as it was, empty for what was read from a database."""

    clusters: tuple[ClusterEntry, ...] = ()
    tenants: tuple[TenantEntry, ...] = ()
    people: tuple[PersonEntry, ...] = ()
    operators: tuple[str, ...] = ()
    auditors: tuple[str, ...] = ()
    operator_groups: tuple[str, ...] = ()
    auditor_groups: tuple[str, ...] = ()
    text: str = field(default="", compare=False)

    @property
    def digest(self) -> str:
        """sha256 of the text in UTF-8, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @cached_property
    def _cluster_environments(self) -> dict[str, str]:
        return {cluster.name: cluster.environment for cluster in self.clusters}

    def environment_of(self, namespace: NamespaceEntry) -> str:
        """The environment that counts for a namespace: its own, else its cluster's, else `unknown`."""
        return namespace.environment or self._cluster_environments.get(namespace.cluster, "unknown")

    def warnings(self) -> list[str]:
        """What is allowed and yet hardly meant, in sentences: tickets that nobody could ever approve."""
        return [sentence for _, sentence in self.doubts()]

    def doubts(self) -> list[Found]:
        """The warnings, each with the path in the file that it is about."""
        found = [one for at, tenant in enumerate(self.tenants) for one in _unapprovable(at, tenant)]
        if not self.operators and not self.operator_groups:
            sentence = "Nobody is a platform operator: what is routed to operators would wait for ever."
            found.append((("operators",), sentence))
        return found


def _unapprovable(at: int, tenant: TenantEntry) -> Iterator[Found]:
    if not tenant.owners and not tenant.groups.owners:
        sentence = f"Tenant {tenant.name} has no owner: name one, or what needs one waits for ever."
        yield ("tenants", at, "owners"), sentence
    if tenant.groups.security_partners:
        return
    partners, path = set(tenant.security_partners), ("tenants", at, "security_partners")
    if not partners:
        yield (
            path,
            f"Tenant {tenant.name} has no security partner: name one, or what needs one waits for ever.",
        )
    elif len(partners) == 1 and partners == set(tenant.members) and not tenant.groups.members:
        yield (
            path,
            f"The only security partner of tenant {tenant.name} is its only member, and nobody decides on their own "
            "ticket: name another.",
        )
