"""One thing that weakens the mesh, as a pod, a template or a Namespace shows it, and where it is written. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from portal.mesh.annotations import INJECT
from portal.mesh.holes import Code

# What the injector says of a pod when its Namespace, or the cluster, is the cause.
OF_NAMESPACE = frozenset(
    {
        "injection_enable_annotation_absent",
        "invalid_inject_annotation_at_ns",
        "webhook_absent",
        "webhook_skips_namespace",
    }
)
INJECT_REASONS = frozenset({"injection_disable_annotation_present", "invalid_inject_annotation_at_workload"})
WEBHOOK_LABEL = "config.linkerd.io/admission-webhooks"


@dataclass(frozen=True, order=True)
class Weakness:
    """`what` is an annotation, label, container or the injector's reason, `value` how it reads."""

    code: Code
    what: str
    value: str

    @property
    def paths(self) -> tuple[tuple[str, ...], ...]:
        """Where it is written in a pod, a template or a Namespace, as managedFields call the steps; () for what is
        not there at all."""
        if self.what in INJECT_REASONS or self.what == "invalid_inject_annotation_at_ns":
            return (("f:metadata", "f:annotations", f"f:{INJECT}"),)
        if self.what == "webhook_skips_namespace":
            return (("f:metadata", "f:labels", f"f:{WEBHOOK_LABEL}"),)
        if self.code is Code.WEBHOOK_OFF:
            return (("f:metadata", "f:labels", f"f:{self.what}"),)
        if "/" in self.what:
            return (("f:metadata", "f:annotations", f"f:{self.what}"),)
        return _in_spec(self)


def _in_spec(weakness: Weakness) -> tuple[tuple[str, ...], ...]:
    named = f"k:{json.dumps({'name': weakness.what}, separators=(',', ':'))}"
    if weakness.code is Code.HOST_NETWORK:
        return (("f:spec", "f:hostNetwork"),)
    if weakness.code is Code.DECOY:
        return tuple(("f:spec", where, named) for where in ("f:containers", "f:initContainers"))
    if weakness.code is Code.PROXY_USER:
        user = ("f:securityContext", "f:runAsUser")
        return (("f:spec", "f:containers", named, *user), ("f:spec", *user))
    return ()
