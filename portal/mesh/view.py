"""One workload with all around it that decides what a change means; checks of kinds and preflight look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from portal.mesh.annotations import KEYS, MeshDefaults, effective
from portal.mesh.near import Near
from portal.mesh.want import NOTHING, Want
from portal.mesh.workloads import WorkloadRef, template_annotations

if TYPE_CHECKING:
    # It has findings, which are about views.
    from portal.mesh.demands import Surroundings


@dataclass(frozen=True)
class InventoryView:
    """A workload as last seen: raw object, raw Namespace, the mesh's defaults, the injector's webhook configuration
    (None: the cluster has none), PodDisruptionBudgets, LimitRanges and ResourceQuotas of the namespace.

    `others` is what other live tickets want of it, `before` the owner's own values of keys that they have set. Of Jobs
    and CronJobs, where somebody looked: `kept_open` says which finished pods are kept running and why
    (portal/mesh/jobs.why_kept), `called` has what is around the destinations that they call. `near` is what preflight
    alone reads: None says that nobody looked.
    """

    obj: Mapping[str, Any]
    namespace: Mapping[str, Any]
    defaults: MeshDefaults
    webhook: Mapping[str, Any] | None
    budgets: tuple[Mapping[str, Any], ...] = ()
    others: Want = NOTHING
    limits: tuple[Mapping[str, Any], ...] = ()
    quotas: tuple[Mapping[str, Any], ...] = ()
    before: Mapping[str, str] = field(default_factory=dict)
    kept_open: tuple[str, ...] | None = None
    called: Surroundings | None = None
    near: Near | None = None

    @property
    def ref(self) -> WorkloadRef:
        """Which workload it is."""
        return WorkloadRef.of(self.obj)

    @property
    def template(self) -> dict[str, str]:
        """The annotations of its pod template."""
        return template_annotations(self.obj)

    @property
    def around(self) -> dict[str, str]:
        """The annotations of its namespace."""
        return dict((self.namespace.get("metadata") or {}).get("annotations") or {})


def effective_report(
    obj: Mapping[str, Any], namespace: Mapping[str, Any], defaults: MeshDefaults
) -> dict[str, dict[str, str]]:
    """What each of our keys means for the workload now and where that comes from: {key: {value, source}}."""
    template, around = template_annotations(obj), (namespace.get("metadata") or {}).get("annotations") or {}
    found = {key: effective(key, template, around, defaults) for key in KEYS}
    return {key: {"value": value.value, "source": value.source.value} for key, value in found.items()}
