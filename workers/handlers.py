"""What workers can do with one sort of target: the steps of preflight, apply and undo call it, one handler a sort.

Workloads are patched (workload.py); `egress`, `tap` and `viz` are objects that are created and taken away again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from portal.kinds.base import View
from portal.mesh.findings import Finding, Severity
from portal.mesh.want import Want
from portal.models import Ticket, TicketTarget
from workers.context import Context, Spot

# One target of the evidence `before`: {workload, …}.
Before = dict[str, Any]


@dataclass(frozen=True)
class Looked:
    """What a preflight found on one target; `view` is None where there is nothing to look at.

    `wanted` is what the ticket wants of the workload as it now is; None: as when it was asked.
    """

    view: View | None
    findings: list[Finding]
    report: dict[str, Any]
    wanted: Want | None = None


@dataclass(frozen=True)
class Work:
    """One target of a ticket that a worker holds; `keep` renews the claim and raises LostClaim, before each write."""

    ticket_id: int
    spot: Spot
    keep: Callable[[], None]


class Observation(Protocol):
    """One target as its cluster shows it now, against what its live tickets want."""

    @property
    def spot(self) -> Spot:
        """Which target it is."""

    @property
    def rolled_out(self) -> bool:
        """True when what the ticket asked for is there and in use."""

    @property
    def matching(self) -> bool:
        """True when nothing is there that the live tickets do not want: of an ended one, that it is gone."""

    def progress(self) -> dict[str, Any]:
        """How far it is, in numbers and sentences; JSON-safe."""

    def evidence(self, before: Mapping[str, Before]) -> dict[str, Any]:
        """What is kept of it; `before` gives the targets as they were before the first write. JSON-safe."""

    def blockers(self) -> list[str]:
        """Sentences on why it will not come to match for as long as nobody mends that."""


class Handler(Protocol):
    """How workers act on one sort of target. Every method raises what the cluster raises: ClusterErrors."""

    def look(self, context: Context, ticket: Ticket, spot: Spot) -> Looked:
        """Look before anybody decides: never raises Gone or Refused, which are findings."""

    def rehearse(self, context: Context, link: TicketTarget, spot: Spot) -> Before:
        """Have the cluster check the very change without storing it; gives the target as it was before."""

    def write(self, context: Context, work: Work) -> None:
        """Write what is still to be written, as far as that can be done now; called again until `written_at` is set."""

    def observe(self, context: Context, work: Work) -> Observation:
        """Read the target now."""

    def take_back(self, context: Context, work: Work) -> Observation:
        """Make the target as it is to be without the ended ticket, as far as that can be done now, and read it."""

    def reconcile(self, context: Context, spot: Spot) -> None:
        """Make the target fit its live tickets; drift is told on them, never repaired by itself. Raises Gone when the
        target is no longer there."""


def blocking(code: str, spot: Spot, fact: str) -> Finding:
    """The finding of a preflight that the cluster refused."""
    meaning = "The change could not be written: this must be mended first; then run the preflight again."
    return Finding(code, Severity.BLOCKING, str(spot.ref), fact, meaning)
