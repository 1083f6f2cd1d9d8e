"""The targets of a request for Viz as its kind looks at them: the cluster's Viz, and each namespace to be tapped."""

from __future__ import annotations

from dataclasses import dataclass

from portal.mesh.viz.findings import VizScene
from portal.mesh.workloads import WorkloadRef

VIZ, TAP = "viz", "tap"
# The cluster's one Viz as a target, in whatever namespace its bundle puts it.
VIZ_REF = WorkloadRef(VIZ, "", "linkerd-viz")
VIZ_NAMESPACE = "linkerd-viz"


@dataclass(frozen=True)
class VizView:
    """The cluster with the namespaces of the request; `installed` where tickets have Viz there already."""

    scene: VizScene
    installed: bool = False

    @property
    def ref(self) -> WorkloadRef:
        """The cluster's Viz."""
        return VIZ_REF


@dataclass(frozen=True)
class TapView:
    """A namespace in which people may tap, and the namespace that Viz is in or would be."""

    namespace: str
    viz_namespace: str = VIZ_NAMESPACE

    @property
    def ref(self) -> WorkloadRef:
        """The tap rights in the namespace."""
        return WorkloadRef(TAP, self.namespace, self.namespace)
