"""What a kind of ticket is: a pure module that says what may be asked, how it is routed, what it wants of each target.

Verbs and workers know kinds only through this; a new one is a module and a line in registry.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from marshmallow import Schema

from portal.mesh.findings import Finding
from portal.mesh.view import InventoryView
from portal.mesh.want import Want
from portal.mesh.workloads import WorkloadRef

__all__ = ["Fields", "InventoryView", "Kind"]

Fields = dict[str, Any]


class Kind(ABC):
    """One kind of ticket. `fields` is always what `schema` loaded: checked and canonical."""

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    """What it does, in the tenant's words."""
    schema: ClassVar[Schema]
    """Loads the request's fields; refuses unknown ones. Built once."""
    has_cluster_change: ClassVar[bool]
    """False: nothing is written to a cluster, an operator fulfils it."""

    @abstractmethod
    def targets(self, fields: Fields, namespace: str) -> list[WorkloadRef]:
        """The workloads that it acts on, each once, in the order asked."""

    @abstractmethod
    def wants(self, fields: Fields) -> Want:
        """What it wants of every one of its workloads."""

    @abstractmethod
    def routing_facts(self, fields: Fields, context: Sequence[InventoryView]) -> dict[str, Any]:
        """What the policy routes by, JSON-safe; `context` gives the workloads as last seen."""

    @abstractmethod
    def identity(self, fields: Fields) -> dict[str, Any]:
        """What makes two tickets ask for the same, JSON-safe; reasons and explanations are no part of it."""

    @abstractmethod
    def notes(self, raw: Mapping[str, Any]) -> list[str]:
        """What loading these fields changes in them, in sentences; `raw` must load."""

    @abstractmethod
    def checks(self, fields: Fields, workloads: Sequence[InventoryView]) -> list[Finding]:
        """What preflight finds, over all workloads."""
