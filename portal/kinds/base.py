"""What a kind of ticket is: a pure module that says what may be asked, how it is routed, what it wants of each target.

Verbs and workers know kinds only through this; a new one is a module and a line in registry.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from marshmallow import Schema

from portal.kinds.narrowing import NotLess, Part, narrow
from portal.mesh.commands import Command
from portal.mesh.destinations import Destination
from portal.mesh.findings import Finding
from portal.mesh.job_manifests import Corrected
from portal.mesh.probing.plan import Wish
from portal.mesh.view import InventoryView
from portal.mesh.want import Want
from portal.mesh.workloads import WorkloadRef

__all__ = ["Asked", "Fields", "InventoryView", "Kind", "NotLess", "ObjectKind", "Part", "Scope", "View", "WorkloadKind"]

Fields = dict[str, Any]
Object = dict[str, Any]


class Scope(StrEnum):
    """What the envelope of a kind's requests names besides the fields."""

    NAMESPACE = "namespace"
    """A cluster and one namespace of it."""
    NAMESPACES = "namespaces"
    """A cluster; the fields name the namespaces, all of one tenant."""
    ANYTHING = "anything"
    """A tenant, or a namespace of its; both only where that is not clear without."""


class View(Protocol):
    """One target with all around it that decides what a change means, from the inventory or read just now."""

    @property
    def ref(self) -> WorkloadRef:
        """Which target it is."""


V = TypeVar("V", bound=View)


@dataclass(frozen=True)
class Asked:
    """A ticket as its kind explains how to use it: where it is, its fields, the address of the cluster's console, the
    namespace of its Viz, and the meshed workloads of the namespaces that it may tap."""

    ref: str
    cluster: str
    namespace: str | None
    fields: Fields
    console: str | None = None
    viz_namespace: str = "linkerd-viz"
    workloads: tuple[WorkloadRef, ...] = ()


class Kind(ABC, Generic[V]):
    """One kind of ticket, whose targets are looked at as V. `fields` is always what `schema` loaded: canonical."""

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    """What it does, in the tenant's words."""
    costs: ClassVar[str] = ""
    """What it costs whoever asks: restarts, encryption."""
    needs: ClassVar[str] = ""
    """What whoever asks has to say."""
    schema: ClassVar[Schema]
    """Loads the request's fields; refuses unknown ones. Built once."""
    scope: ClassVar[Scope] = Scope.NAMESPACE
    has_cluster_change: ClassVar[bool] = True
    """False: nothing is written to a cluster, an operator fulfils it."""
    restarts_pods: ClassVar[bool] = False
    """True: pods are replaced when it begins and when it ends."""
    longest: ClassVar[timedelta | None] = None
    """The longest window, however long a rule allows; None: the rule alone decides, also whether it may have no end."""
    shrinkable: ClassVar[Mapping[str, Part]] = {}
    """The fields of which an approver may grant less, and how less is told from other."""

    def namespaces(self, fields: Fields) -> list[str]:
        """The namespaces that the fields name, each once, for kinds of that scope."""
        return list(fields["namespaces"])

    @abstractmethod
    def targets(self, fields: Fields, namespace: str | None) -> list[WorkloadRef]:
        """What it acts on, each once, in the order of the work."""

    @abstractmethod
    def routing_facts(self, fields: Fields, context: Sequence[V]) -> dict[str, Any]:
        """What the policy routes by, JSON-safe; `context` gives the targets as last seen."""

    @abstractmethod
    def identity(self, fields: Fields) -> dict[str, Any]:
        """What makes two tickets ask for the same, JSON-safe; reasons and explanations are no part of it."""

    @abstractmethod
    def checks(self, fields: Fields, views: Sequence[V]) -> list[Finding]:
        """What preflight finds, over all targets."""

    def narrowed(self, fields: Fields, grant: Mapping[str, Any]) -> Fields:
        """`fields` with what `grant` leaves of some of them, canonical.

        Raises NotLess with sentences by field, for what cannot shrink, what is not all asked for, and what is no field.
        """
        return narrow(self.schema, fields, grant, self.shrinkable)

    def notes(self, raw: Mapping[str, Any]) -> list[str]:
        """What loading these fields changes in them, in sentences; `raw` must load."""
        return []

    def usage(self, asked: Asked) -> list[Command]:
        """How to use what was granted: commands and addresses with the names filled in, shown while it is open."""
        return []


class WorkloadKind(Kind[InventoryView]):
    """A kind whose targets are workloads: it wants annotations on their pod templates, and the fold does the rest."""

    listed_in: ClassVar[str] = "workloads"
    """The field that lists the workloads, in the order of `targets`."""

    @abstractmethod
    def wants(self, fields: Fields, view: InventoryView) -> Want:
        """What it wants of this workload, whose control plane is as `view.defaults` says; empty: nothing is written."""

    def still_wanted(self, fields: Fields, wanted: Want) -> Want:
        """What is left of `wanted`, which it wanted of a workload for more, now that `fields` are less."""
        return wanted

    def calls(self, fields: Fields, namespace: str) -> list[Destination]:
        """What the workloads call, where that decides whether the change may be made: `checks` needs it looked at."""
        return []

    def to_probe(self, fields: Fields, obj: Mapping[str, Any]) -> Wish:
        """The ports of this workload (a raw object) at which a probe tries whether the application encrypts."""
        return Wish()

    def corrected(self, fields: Fields, view: InventoryView) -> Corrected | None:
        """The manifest that the people of the tenant apply themselves; `view` has the whole object as just read."""
        return None


class ObjectKind(Kind[V]):
    """A kind that creates objects in the cluster and takes them away again."""

    @abstractmethod
    def manifests(self, fields: Fields, view: V, ticket: str) -> list[Object]:
        """What it creates for one target, in the order of creation, without our labels; `ticket` is its reference."""
