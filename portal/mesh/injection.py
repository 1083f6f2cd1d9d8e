"""The proxy injector's own rules: whether a pod would be meshed and, if not, exactly why.

Codes and texts are Linkerd's. Preflight and posture ask why; the practice cluster and the stand-in admission webhook
inject through `inject` (injected.py makes the pod).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.mesh.annotations import INJECT, MeshDefaults
from portal.mesh.injected import injected_pod

_ON = ("enabled", "ingress")
_VALID = ("", "disabled", *_ON)
_NAMES = ("linkerd-proxy", "istio-proxy")
_IMAGES = ("cr.l5d.io/linkerd/proxy:", "gcr.io/istio-release/proxyv2:")
_INIT_NAMES = ("linkerd-init", "istio-init")
_INIT_IMAGES = ("cr.l5d.io/linkerd/proxy-init:", "gcr.io/istio-release/proxy_init:")
_NAME_LABEL = "kubernetes.io/metadata.name"
_INJECTOR = "linkerd-proxy-injector.linkerd.io"

# What the chart renders: used where the live configuration is not at hand.
DEFAULT_WEBHOOK: dict[str, Any] = {
    "webhooks": [
        {
            "name": _INJECTOR,
            "namespaceSelector": {
                "matchExpressions": [
                    {"key": "config.linkerd.io/admission-webhooks", "operator": "NotIn", "values": ["disabled"]},
                    {"key": _NAME_LABEL, "operator": "NotIn", "values": ["kube-system", "cert-manager"]},
                ]
            },
            "objectSelector": {
                "matchExpressions": [
                    {"key": "linkerd.io/control-plane-component", "operator": "DoesNotExist"},
                    {"key": "linkerd.io/cni-resource", "operator": "DoesNotExist"},
                ]
            },
        }
    ]
}


@dataclass(frozen=True)
class Reason:
    """Why a pod is not injected: a code to branch on and Linkerd's own text."""

    code: str
    text: str


def why_not_injected(
    *,
    pod_template_or_pod: Mapping[str, Any],
    namespace: Mapping[str, Any],
    webhook: Mapping[str, Any] | None = None,
    defaults: MeshDefaults | None = None,
) -> list[Reason]:
    """Every reason why this pod of this Namespace object would not get a proxy; [] means that it would.

    `webhook` is the live MutatingWebhookConfiguration; None stands for the one that the chart renders. `defaults` tells
    of a control plane that takes the service account's own token; None stands for one that brings its own.
    """
    metadata, spec = pod_template_or_pod.get("metadata") or {}, pod_template_or_pod.get("spec") or {}
    found = [
        *_not_called(metadata.get("labels") or {}, namespace, DEFAULT_WEBHOOK if webhook is None else webhook),
        _host_network(spec),
        _sidecar(spec),
        _annotations(_inject_value(metadata), _inject_value(namespace.get("metadata") or {})),
        _token(spec, defaults),
    ]
    return [reason for reason in found if reason is not None]


def inject(pod: Mapping[str, Any], namespace: Mapping[str, Any], defaults: MeshDefaults) -> dict[str, Any]:
    """The pod as the injector would leave it, a copy; unchanged where `why_not_injected` gives a reason."""
    if why_not_injected(pod_template_or_pod=pod, namespace=namespace, defaults=defaults):
        return dict(pod)
    return injected_pod(pod, namespace, defaults)


def _inject_value(metadata: Mapping[str, Any]) -> str:
    return str((metadata.get("annotations") or {}).get(INJECT, ""))


def _not_called(
    labels: Mapping[str, str], namespace: Mapping[str, Any], configuration: Mapping[str, Any]
) -> list[Reason | None]:
    metadata = namespace.get("metadata") or {}
    namespace_labels = {_NAME_LABEL: metadata.get("name", ""), **(metadata.get("labels") or {})}
    hooks = sorted(configuration.get("webhooks") or [], key=lambda hook: hook.get("name") != _INJECTOR)
    if not hooks:
        return [Reason("webhook_absent", "the cluster has no webhook of Linkerd's proxy injector")]
    if not selects(hooks[0].get("namespaceSelector"), namespace_labels):
        return [Reason("webhook_skips_namespace", "the injector's webhook is not called for this namespace")]
    if not selects(hooks[0].get("objectSelector"), labels):
        return [Reason("webhook_skips_pod", "the injector's webhook is not called for pods with these labels")]
    return []


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """True when a LabelSelector takes in these labels; an empty one takes in everything."""
    wanted = (selector or {}).get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_holds(expression, labels) for expression in (selector or {}).get("matchExpressions") or [])


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or []
    return {
        "In": key in labels and labels.get(key) in values,
        "NotIn": key not in labels or labels[key] not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }[expression["operator"]]


def _host_network(spec: Mapping[str, Any]) -> Reason | None:
    return Reason("host_network_enabled", "hostNetwork is enabled") if spec.get("hostNetwork") else None


def _sidecar(spec: Mapping[str, Any]) -> Reason | None:
    init, plain = spec.get("initContainers") or [], spec.get("containers") or []
    proxies = any(_is_one(container, _NAMES, _IMAGES) for container in [*plain, *init])
    if proxies or any(_is_one(container, _INIT_NAMES, _INIT_IMAGES) for container in init):
        return Reason("sidecar_already_exists", "pod has a sidecar injected already")
    return None


def _is_one(container: Mapping[str, Any], names: tuple[str, ...], images: tuple[str, ...]) -> bool:
    return container.get("name") in names or str(container.get("image", "")).startswith(images)


def _token(spec: Mapping[str, Any], defaults: MeshDefaults | None) -> Reason | None:
    # A service account may say so too; what the template says goes first and is all that is read.
    if defaults is None or defaults.token_projection or spec.get("automountServiceAccountToken") is not False:
        return None
    return Reason("disabled_automount_service_account_token_account", 'automountServiceAccountToken set to "false"')


def _annotations(pod: str, namespace: str) -> Reason | None:
    if namespace not in _VALID:
        text = f'invalid value for annotation "{INJECT}" at namespace'
        return Reason("invalid_inject_annotation_at_ns", text)
    if pod not in _VALID:
        text = f'invalid value for annotation "{INJECT}" at workload'
        return Reason("invalid_inject_annotation_at_workload", text)
    if namespace in _ON and pod == "disabled":
        return Reason("injection_disable_annotation_present", f'pod has the annotation "{INJECT}:disabled"')
    if namespace not in _ON and pod not in _ON:
        text = f'neither the namespace nor the pod have the annotation "{INJECT}:enabled"'
        return Reason("injection_enable_annotation_absent", text)
    return None
