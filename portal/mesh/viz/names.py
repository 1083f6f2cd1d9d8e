"""The names by which Linkerd Viz is known in a cluster; from its chart, the same since 2.13."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Object = dict[str, Any]

EXTENSION_LABEL = "linkerd.io/extension"
EXTENSIONS = ("viz", "linkerd-viz")
SELECTOR = f"{EXTENSION_LABEL} in ({','.join(EXTENSIONS)})"
POD_SECURITY = "pod-security.kubernetes.io/enforce"
API_SERVICE = "v1alpha1.tap.linkerd.io"
WEBHOOK = "linkerd-tap-injector-webhook-config"
TAP_GROUP = "tap.linkerd.io"
TAP_SECRET = "tap-k8s-tls"  # noqa: S105 - the name of a Secret
INJECTOR_SECRET = "tap-injector-k8s-tls"  # noqa: S105 - the name of a Secret
DASHBOARD = "web"
CORE_NAMESPACES = ("kube-system", "kube-public", "kube-node-lease", "default")


def labels_of(obj: Mapping[str, Any]) -> dict[str, str]:
    """The labels of an object."""
    return dict((obj.get("metadata") or {}).get("labels") or {})


def annotations_of(obj: Mapping[str, Any]) -> dict[str, str]:
    """The annotations of an object."""
    return dict((obj.get("metadata") or {}).get("annotations") or {})


def is_labelled(obj: Mapping[str, Any]) -> bool:
    """Whether an object carries Viz's label."""
    return labels_of(obj).get(EXTENSION_LABEL) in EXTENSIONS


def api_services(obj: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The Services that an APIService or a webhook configuration calls: {namespace, name} each, {} where none."""
    if obj["kind"] == "APIService":
        return [mapping(mapping(obj.get("spec")).get("service"))]
    return [mapping(mapping(hook.get("clientConfig")).get("service")) for hook in obj.get("webhooks") or []]


def mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is a mapping, else an empty one: what people rendered may have any shape."""
    return value if isinstance(value, Mapping) else {}
