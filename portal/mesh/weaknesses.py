"""What a pod, or the template of pods, shows that weakens the mesh: posture's rules, one pod at a time. Pure.

holes_of_pods.py adds them up over the pods of a workload; what they mean is in holes.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.mesh.annotations import DEBUG_SIDECAR, SKIP_INBOUND, SKIP_OUTBOUND, MeshDefaults, is_true
from portal.mesh.holes import Code
from portal.mesh.injection import why_not_injected
from portal.mesh.leftovers import leftovers
from portal.mesh.pods import pod_facts
from portal.mesh.ports import Ports
from portal.mesh.unmeshed import without_proxy
from portal.mesh.weakness import Weakness
from portal.mesh.workloads import DEBUG_CONTAINER, PROXY_CONTAINER

Object = Mapping[str, Any]

CREATED_BY = "linkerd.io/created-by"
DEFAULT_POLICY = "config.linkerd.io/default-inbound-policy"
REQUIRE_IDENTITY = "config.linkerd.io/proxy-require-identity-inbound-ports"
PROXY_USER_ID = 2102
# Each annotation that weakens by being there, what it then is, and the values that change nothing.
_KEYS: dict[str, tuple[Code, frozenset[str]]] = {
    "config.linkerd.io/skip-subnets": (Code.SKIP_SUBNETS, frozenset({""})),
    "config.linkerd.io/proxy-uid": (Code.PROXY_USER, frozenset({"", str(PROXY_USER_ID)})),
    "config.linkerd.io/proxy-gid": (Code.PROXY_USER, frozenset({"", str(PROXY_USER_ID)})),
    "config.linkerd.io/proxy-additional-env": (Code.PROXY_ENVIRONMENT, frozenset({"", "[]"})),
    "config.linkerd.io/proxy-image": (Code.PROXY_IMAGE, frozenset({""})),
    "config.linkerd.io/proxy-version": (Code.PROXY_IMAGE, frozenset({""})),
    "config.linkerd.io/inbound-port": (Code.PROXY_PORTS, frozenset({"", "4143"})),
    "config.linkerd.io/outbound-port": (Code.PROXY_PORTS, frozenset({"", "4140"})),
    "config.linkerd.io/enable-gateway": (Code.PROXY_PORTS, frozenset({"", "false"})),
}
_ALWAYS = Ports.of(4190, 4191)
_POD_ONLY = frozenset({"config.linkerd.io/enable-gateway"})
_SKIPS = {SKIP_INBOUND: Code.SKIP_INBOUND, SKIP_OUTBOUND: Code.SKIP_OUTBOUND}
CHECKED = (*_KEYS, *_SKIPS, DEBUG_SIDECAR, DEFAULT_POLICY)
INHERITED = tuple(key for key in CHECKED if key not in _POD_ONLY)
# Who is let in by each policy: meshed callers of this cluster, of all, and those without an identity of both.
_LETS_IN: dict[str, frozenset[str]] = {
    "deny": frozenset(),
    "cluster-authenticated": frozenset({"cluster"}),
    "all-authenticated": frozenset({"cluster", "all"}),
    "cluster-unauthenticated": frozenset({"cluster", "cluster without"}),
    "all-unauthenticated": frozenset({"cluster", "all", "cluster without", "all without"}),
    "audit": frozenset({"cluster", "all", "cluster without", "all without"}),
}


@dataclass(frozen=True)
class Yardstick:
    """What the pods of a cluster are compared with. `webhook` is {} where there is no injector, `root` the sha256 of
    the trust roots' exact bytes, `viz_since` when the Viz that is there came: None where there is none."""

    defaults: MeshDefaults
    webhook: Object
    root: str | None = None
    viz_since: datetime | None = None


def of_template(template: Object, namespace: Object, yard: Yardstick) -> frozenset[Weakness]:
    """What pods that are made from this template in this Namespace now would show."""
    reasons = why_not_injected(pod_template_or_pod=template, namespace=namespace, webhook=yard.webhook)
    if reasons and not shows_proxy(template):
        return frozenset(without_proxy(template, namespace, reasons))
    around, own = annotations_of(namespace), annotations_of(template)
    effective = {**{key: around[key] for key in INHERITED if key in around}, **own}
    lists = {key: effective.get(key) for key in _SKIPS}
    debugged = is_true(effective.get(DEBUG_SIDECAR, ""))
    return frozenset(_meshed(effective, template.get("spec") or {}, lists, yard, debugged=debugged))


def of_namespace(namespace: Object, yard: Yardstick) -> frozenset[Weakness]:
    """What every pod that has no key of its own takes from the annotations of its Namespace."""
    around = annotations_of(namespace)
    effective = {key: around[key] for key in INHERITED if key in around}
    lists, debugged = {key: effective.get(key) for key in _SKIPS}, is_true(effective.get(DEBUG_SIDECAR, ""))
    return frozenset(_meshed(effective, {}, lists, yard, debugged=debugged))


def of_pod(pod: Object, namespace: Object, yard: Yardstick) -> frozenset[Weakness]:
    """What a pod shows, whatever its template says by now."""
    if not shows_proxy(pod):
        reasons = why_not_injected(pod_template_or_pod=pod, namespace=namespace, webhook=yard.webhook)
        return frozenset(without_proxy(pod, namespace, reasons))
    facts, own = pod_facts(pod), annotations_of(pod)
    lists = {SKIP_INBOUND: facts.skip_inbound, SKIP_OUTBOUND: facts.skip_outbound}
    debugged = DEBUG_CONTAINER in facts.containers
    found = _meshed(own, pod.get("spec") or {}, lists, yard, debugged=debugged)
    return frozenset([*found, *leftovers(pod, yard.defaults, yard.root, yard.viz_since)])


def shows_proxy(pod: Object) -> bool:
    """Whether Linkerd put a proxy into it: its label, its container, and the mark of who made that."""
    metadata, spec = pod.get("metadata") or {}, pod.get("spec") or {}
    if "linkerd.io/control-plane-ns" not in (metadata.get("labels") or {}):
        return False
    if not str((metadata.get("annotations") or {}).get(CREATED_BY, "")).startswith("linkerd/"):
        return False
    everything = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    return any(one.get("name") == PROXY_CONTAINER for one in everything)


def annotations_of(thing: Object) -> dict[str, str]:
    """The annotations of a pod, a template or a Namespace."""
    return dict((thing.get("metadata") or {}).get("annotations") or {})


def _meshed(
    annotations: Mapping[str, str], spec: Object, lists: Mapping[str, str | None], yard: Yardstick, *, debugged: bool
) -> Iterator[Weakness]:
    for key, text in lists.items():
        if text is not None and (beyond := _beyond(key, text, yard.defaults)):
            yield Weakness(_SKIPS[key], key, beyond)
    for key, (code, harmless) in _KEYS.items():
        if key in annotations and annotations[key].strip() not in harmless and not _same(key, annotations, yard):
            yield Weakness(code, key, annotations[key])
    policy = annotations.get(DEFAULT_POLICY, "")
    if _weaker(policy, yard.defaults.default_inbound_policy):
        yield Weakness(Code.WEAKER_POLICY, DEFAULT_POLICY, policy)
    yield from _as_the_proxy(spec)
    if debugged:
        yield Weakness(Code.DEBUG, DEBUG_SIDECAR, DEBUG_CONTAINER)


def _same(key: str, annotations: Mapping[str, str], yard: Yardstick) -> bool:
    if key in _POD_ONLY:
        return not is_true(annotations[key])
    # A version of one's own that is the control plane's own changes nothing until that moves on.
    return key == "config.linkerd.io/proxy-version" and annotations[key] == yard.defaults.version


def _beyond(key: str, text: str, defaults: MeshDefaults) -> str:
    """The ports that the control plane's defaults do not skip; a text that is no list as it is."""
    # The proxy's own two ports are always among the inbound ones.
    known = _ALWAYS if key == SKIP_INBOUND else Ports()
    try:
        ports = Ports.parse(text) - known
    except ValueError:
        return text.removeprefix(f"{_ALWAYS.ranges[0].first},{_ALWAYS.ranges[0].last},")
    try:
        return str(ports - Ports.parse(defaults.skip(key)))
    except ValueError:
        return str(ports)


def _weaker(policy: str, default: str) -> bool:
    # Linkerd ignores what it does not know, and what the default lets in is then what counts.
    return bool(_LETS_IN.get(policy, frozenset()) - _LETS_IN.get(default, _LETS_IN["all-unauthenticated"]))


def _as_the_proxy(spec: Object) -> Iterator[Weakness]:
    of_pod = (spec.get("securityContext") or {}).get("runAsUser")
    for container in spec.get("containers") or []:
        name = str(container.get("name", ""))
        user = (container.get("securityContext") or {}).get("runAsUser", of_pod)
        if user == PROXY_USER_ID and name not in (PROXY_CONTAINER, DEBUG_CONTAINER):
            yield Weakness(Code.PROXY_USER, name, str(user))
