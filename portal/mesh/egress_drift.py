"""Whether a policy of ours that stands isolates pods by itself by now: reconcile asks, since tenants' policies come and
go. What is asked before anything is created is in egress.py. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.mesh.egress import EgressScene
from portal.mesh.network import allows_everything, isolates_alone, selects_pod


@dataclass(frozen=True)
class Isolation:
    """The workloads that a policy of ours selects, by name: those that it isolates `alone`, and those that the tenant
    isolates too (`shared`)."""

    alone: tuple[str, ...]
    shared: tuple[str, ...]

    @classmethod
    def by(cls, policy: Mapping[str, Any], scene: EgressScene) -> Isolation:
        """What this policy does in the namespace as it is now."""
        labels = scene.labels
        alone = isolates_alone(policy, scene.policies, labels)
        selected = {name for name, found in labels.items() if selects_pod(policy, found)}
        return cls(tuple(alone), tuple(sorted(selected - set(alone))))

    @property
    def is_alone(self) -> bool:
        """Whether nothing that it selects is isolated by the tenant any more."""
        return bool(self.alone) and not self.shared

    def warnings(self, policy: Mapping[str, Any]) -> Iterator[str]:
        """What its owner must know, where some of its pods are isolated by the tenant and some are not."""
        if not self.alone or not self.shared:
            return
        names, others = ", ".join(self.alone), ", ".join(self.shared)
        if allows_everything(policy):
            yield (
                f"The rule that allows everything else, written for {names}, also opens the egress of {others}, which "
                f"a policy of yours isolates: isolate {names} too, or release."
            )
        else:
            yield (
                f"No egress policy of yours selects {names}, so this policy alone isolates them: select them by one of "
                "yours, or release."
            )
