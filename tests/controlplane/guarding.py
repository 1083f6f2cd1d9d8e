"""What the tests of the guard share: guarded namespaces on the control plane, workloads of each kind, what weakens."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.mesh.annotations import MeshDefaults
from portal.mesh.guard.lines import data_of, line
from portal.mesh.guard.names import NAMESPACE, PARAMETERS, Mode
from portal.mesh.guard.render import Guard, all_refs, whole
from portal.mesh.ports import Ports
from portal.mesh.want import Want
from tests.controlplane.client import wait_for
from tests.controlplane.harness import ControlPlane
from tests.controlplane.rest import Answer, Rest

Object = dict[str, Any]
CONFIG = "config.linkerd.io/"
INBOUND, OUTBOUND = f"{CONFIG}skip-inbound-ports", f"{CONFIG}skip-outbound-ports"
INJECT, DEBUG = "linkerd.io/inject", f"{CONFIG}enable-debug-sidecar"
KINDS = (*("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Pod"),)
APIS = {"Job": "batch/v1", "CronJob": "batch/v1", "Pod": "v1", "ReplicationController": "v1"}
DENY, WARN, AUDIT, OFF = ("guarded-deny", "guarded-warn", "guarded-audit", "guarded-off")
PLACES = {DENY: Mode.DENY, WARN: Mode.WARN, AUDIT: Mode.AUDIT, OFF: Mode.OFF}
RUNNER = [{"name": "app", "image": "app:v1"}]


@dataclass(frozen=True)
class Weak:
    """One weakening: what it puts into a pod template, and a word of the message."""

    says: str
    annotations: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)


def _set(key: str, value: str, says: str) -> Weak:
    return Weak(says, {key: value})


BY_TICKET = {
    "inject-disabled": _set(INJECT, "disabled", "without the proxy"),
    "skip-inbound": _set(INBOUND, "8080,9000-9010", "inbound ports 8080, 9000-9010"),
    "skip-outbound": _set(OUTBOUND, "4567,4568,5432", "outbound ports 5432"),
    "debug": _set(DEBUG, "true", "debug container"),
}
ANNOTATED = {
    **BY_TICKET,
    "inject-invalid": _set(INJECT, "Enabled", "without the proxy"),
    "skip-inbound-with-spaces": _set(INBOUND, "4567, 8080", "inbound ports 8080"),
    "skip-inbound-invalid": _set(INBOUND, "http", "inbound ports http"),
    "skip-all": _set(OUTBOUND, "0-65535", "outbound ports 0-65535"),
    "debug-otherwise-spelt": _set(DEBUG, "T", "debug container"),
    **{
        f"own-{name}": _set(f"{CONFIG}{name}", value, name)
        for name, value in {
            "skip-subnets": "10.0.0.0/8",
            "proxy-uid": "0",
            "proxy-gid": "1000",
            "proxy-additional-env": '[{"name":"A"}]',
            "proxy-image": "example.com/proxy",
            "proxy-version": "edge-1.1.1",
            "enable-gateway": "true",
            "inbound-port": "9999",
            "outbound-port": "9998",
        }.items()
    },
    "audit-policy": _set(f"{CONFIG}default-inbound-policy", "audit", "more callers"),
    "unknown-policy": _set(f"{CONFIG}default-inbound-policy", "none", "more callers"),
}
SHAPED = {
    "control-plane-component": Weak("a label", labels={"linkerd.io/control-plane-component": "x"}),
    "cni-resource": Weak("a label", labels={"linkerd.io/cni-resource": "true"}),
    "host-network": Weak("network of its node", spec={"hostNetwork": True}),
    "decoy": Weak("place of the proxy", spec={"containers": [*RUNNER, {"name": "istio-proxy", "image": "x"}]}),
    "decoy-image": Weak(
        "place of the proxy", spec={"containers": [*RUNNER, {"name": "a", "image": "cr.l5d.io/linkerd/proxy:e"}]}
    ),
    "decoy-init": Weak("place of the proxy", spec={"initContainers": [{"name": "linkerd-init", "image": "x"}]}),
    "proxy-user": Weak("run as user 2102", spec={"securityContext": {"runAsUser": 2102}}),
    "proxy-user-of-a-container": Weak(
        "run as user 2102", spec={"containers": [{**RUNNER[0], "securityContext": {"runAsUser": 2102}}]}
    ),
}
WEAKENINGS = {**ANNOTATED, **SHAPED}
GRANT = Want(Ports.parse("8080,9000-9010"), Ports.parse("5432"), frozenset({INJECT, DEBUG}))


def made(kind: str, name: str, place: str = DENY, weak: Weak | None = None) -> Object:
    """A workload of that kind that makes no pods by itself; `weak` weakens its template."""
    # A label of its own kind: a ReplicaSet would take another's pod for its own, and delete it.
    template = _template(f"{kind.lower()}-{name}", weak or Weak(""))
    metadata = {"name": name, "namespace": place}
    if kind == "Pod":
        return {"apiVersion": "v1", "kind": kind, "metadata": {**metadata, **template["metadata"]}, **_spec(template)}
    return {
        "apiVersion": APIS.get(kind, "apps/v1"),
        "kind": kind,
        "metadata": metadata,
        "spec": _workload(kind, name, template),
    }


def weakened(obj: Object, weak: Weak) -> Object:
    """A copy of a workload with the weakening in its template."""
    copied = copy.deepcopy(obj)
    template = template_of(copied)
    fresh = _template(f"{obj['kind'].lower()}-{obj['metadata']['name']}", weak)
    for part in ("annotations", "labels"):
        template["metadata"][part] = {**(template["metadata"].get(part) or {}), **fresh["metadata"].get(part, {})}
    template["spec"] = {**template["spec"], **weak.spec}
    return copied


def template_of(obj: Object) -> Object:
    """The pod template, or the pod."""
    if obj["kind"] == "Pod":
        return obj
    spec = obj["spec"]["jobTemplate"]["spec"] if obj["kind"] == "CronJob" else obj["spec"]
    template: Object = spec["template"]
    return template


def in_template(obj: Object, body: Object) -> Object:
    """A merge patch for what is in the pod template."""
    if obj["kind"] == "Pod":
        return body
    return {"spec": {"jobTemplate": {"spec": {"template": body}}} if obj["kind"] == "CronJob" else {"template": body}}


def annotated(obj: Object, **annotations: str | None) -> Object:
    """A merge patch of the template's annotations, `inbound=...` for the key."""
    keys = {"inbound": INBOUND, "outbound": OUTBOUND, "inject": INJECT, "debug": DEBUG}
    return in_template(obj, {"metadata": {"annotations": {keys[key]: value for key, value in annotations.items()}}})


class Guarded:
    """The guard on a control plane, with a namespace in each mode."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane, self.rest = plane, Rest(plane.admin_kubeconfig)
        self.guard = Guard("prod-eu-1", PLACES, MeshDefaults(), "https://meshdesk.example.com/new")

    def begin(self) -> None:
        """The namespaces, with injection on."""
        for place in PLACES:
            self.plane.client.apply(namespace(place))
        for place in PLACES:
            wait_for(lambda place=place: self.plane.client.list("ServiceAccount", place), f"accounts in {place}")

    def install(self) -> None:
        """All objects of the guard; returns once it denies."""
        for obj in whole(self.guard, {}):
            self.plane.client.apply(obj)
        probe = made("Deployment", "probe", weak=BY_TICKET["inject-disabled"])
        wait_for(lambda: not self.rest.create(probe, dryRun="All").ok, "the guard denying")
        warned = made("Deployment", "probe", WARN, BY_TICKET["inject-disabled"])
        wait_for(lambda: self.rest.create(warned, dryRun="All").warnings, "the guard warning")
        edited = namespace(DENY, {INJECT: "disabled"})
        wait_for(lambda: not self.rest.patch(edited, edited, dryRun="All").ok, "the guard of namespaces denying")

    def allow(self, *workloads: str, until: Any = None) -> None:
        """Write a ticket's lines for these workloads, as a worker does, in place of all others."""
        lines = [line(DENY, workload, "MD-7", until, GRANT) for workload in workloads]
        obj = {"kind": "ConfigMap", "metadata": {"name": PARAMETERS, "namespace": NAMESPACE}}
        data = {DENY: None, **data_of(lines)}
        assert self.rest.patch(obj, {"data": data}).ok

    def soon(self, call: Callable[[], Answer], *, ok: bool) -> float:
        """Seconds until the answer is that; AssertionError when it does not come to be."""
        begun = time.monotonic()
        wait_for(lambda: call().ok is ok, "the parameters counting", seconds=10)
        return time.monotonic() - begun

    def uninstall(self) -> None:
        """Everything of the guard; its namespace stays, for one that ends takes nothing new."""
        for ref in all_refs():
            self.plane.client.delete(ref.kind, ref.name)
        self.plane.client.delete("ConfigMap", PARAMETERS, NAMESPACE)

    def end(self) -> None:
        """The namespaces go."""
        for place in PLACES:
            self.plane.client.delete("Namespace", place)


def namespace(name: str, annotations: Mapping[str, str | None] | None = None, **labels: str | None) -> Object:
    """A namespace with injection on unless the annotations say otherwise."""
    metadata = {"name": name, "annotations": {INJECT: "enabled", **(annotations or {})}, "labels": labels}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _template(name: str, weak: Weak) -> Object:
    metadata: Object = {"labels": {"app": name, **weak.labels}}
    if weak.annotations:
        metadata["annotations"] = dict(weak.annotations)
    return {"metadata": metadata, "spec": {"containers": copy.deepcopy(RUNNER), **copy.deepcopy(dict(weak.spec))}}


def _spec(template: Object) -> Object:
    return {"spec": template["spec"]}


def _workload(kind: str, name: str, template: Object) -> Object:
    if kind in ("Job", "CronJob"):
        template["spec"]["restartPolicy"] = "Never"
        job = {"template": template, "suspend": True}
        return job if kind == "Job" else {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": job}}
    if kind == "ReplicationController":
        return {"replicas": 0, "selector": {"app": f"{kind.lower()}-{name}"}, "template": template}
    chosen = {"selector": {"matchLabels": {"app": f"{kind.lower()}-{name}"}}, "template": template}
    if kind == "DaemonSet":
        template["spec"]["nodeSelector"] = {"no-such": "node"}
        return chosen
    return {**chosen, "replicas": 0, **({"serviceName": name} if kind == "StatefulSet" else {})}
