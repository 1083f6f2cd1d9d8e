"""Why pods run without a proxy, as posture tells it: the injector's reasons, one weakness each. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from portal.mesh.annotations import INJECT
from portal.mesh.holes import Code
from portal.mesh.injection import Reason
from portal.mesh.weakness import Weakness

Object = Mapping[str, Any]

NOT_INJECTED = "not_injected"
_LABELS = ("linkerd.io/control-plane-component", "linkerd.io/cni-resource")
_PROXIES = ("linkerd-proxy", "istio-proxy", "linkerd-init", "istio-init")


def without_proxy(pod: Object, namespace: Object, reasons: Sequence[Reason]) -> Iterator[Weakness]:
    """The weaknesses that these reasons stand for; one where there is no reason and still no proxy."""
    if not reasons:
        text = "the injector did not answer when they were made, or they are older than the annotation that asks for it"
        yield Weakness(Code.UNMESHED, NOT_INJECTED, text)
    for reason in reasons:
        yield _TOLD.get(reason.code, _inject)(pod, namespace, reason)


def _inject(pod: Object, namespace: Object, reason: Reason) -> Weakness:
    own, around = (_annotation(thing) for thing in (pod, namespace))
    if reason.code == "invalid_inject_annotation_at_ns":
        return Weakness(Code.UNMESHED, reason.code, f'{INJECT} of the namespace is "{around}", which is no valid value')
    if reason.code == "invalid_inject_annotation_at_workload":
        return Weakness(Code.UNMESHED, reason.code, f'{INJECT} is "{own}", which is no valid value')
    if own == "disabled":
        # Linkerd calls it absent where the namespace is not injected either; the workload says so itself.
        return Weakness(Code.UNMESHED, "injection_disable_annotation_present", f'{INJECT} is "disabled"')
    if reason.code == "injection_enable_annotation_absent" and around:
        return Weakness(Code.UNMESHED, reason.code, f'{INJECT} of the namespace is "{around}"')
    return Weakness(Code.UNMESHED, reason.code, reason.text)


def _host_network(_: Object, __: Object, ___: Reason) -> Weakness:
    return Weakness(Code.HOST_NETWORK, "hostNetwork", "they use the network of their node (hostNetwork)")


def _decoy(pod: Object, _: Object, __: Reason) -> Weakness:
    spec = pod.get("spec") or {}
    everything = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    named = next((str(one.get("name")) for one in everything if one.get("name") in _PROXIES), None)
    name = named or next((str(one.get("name")) for one in everything if "/proxy" in str(one.get("image", ""))), "")
    return Weakness(Code.DECOY, name, f"their own container {name} keeps the injector from adding the proxy")


def _label(pod: Object, _: Object, reason: Reason) -> Weakness:
    labels = (pod.get("metadata") or {}).get("labels") or {}
    name = next((key for key in _LABELS if key in labels), "")
    why = f"the injector is not called for pods with the label {name}" if name else reason.text
    return Weakness(Code.WEBHOOK_OFF, name or reason.code, why)


def _namespace_label(_: Object, __: Object, reason: Reason) -> Weakness:
    return Weakness(Code.WEBHOOK_OFF, reason.code, reason.text)


_TOLD = {
    "host_network_enabled": _host_network,
    "sidecar_already_exists": _decoy,
    "webhook_skips_pod": _label,
    "webhook_skips_namespace": _namespace_label,
}


def _annotation(thing: Object) -> str:
    return str(((thing.get("metadata") or {}).get("annotations") or {}).get(INJECT, ""))
