"""What the practice worlds have of Linkerd itself: namespaces, settings and the injector's webhook, as of 2.20."""

from __future__ import annotations

import yaml

from workers.cluster.practice_store import Object

_VERSION = "edge-26.6.3"
_VALUES: Object = {
    "clusterDomain": "cluster.local",
    "clusterNetworks": "10.0.0.0/8,100.64.0.0/10,172.16.0.0/12,192.168.0.0/16,fd00::/8",
    "cniEnabled": False,
    "debugContainer": {"image": {"name": "practice/linkerd-debug", "version": ""}},
    "identity": {"issuer": {"scheme": "linkerd.io/tls"}, "serviceAccountTokenProjection": True},
    "linkerdVersion": _VERSION,
    "proxy": {"await": True, "enableShutdownEndpoint": False, "nativeSidecar": True},
    "proxyInit": {"ignoreInboundPorts": "4567,4568", "ignoreOutboundPorts": "4567,4568"},
}


def linkerd_objects() -> list[Object]:
    """Namespaces `kube-system` and `linkerd`, ConfigMap linkerd-config, and the injector's webhook configuration."""
    labels = {"config.linkerd.io/admission-webhooks": "disabled", "linkerd.io/is-control-plane": "true"}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}},
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": "linkerd", "labels": labels, "annotations": {"linkerd.io/inject": "disabled"}},
        },
        _config(),
        _webhook(),
    ]


def _config() -> Object:
    metadata = {
        "name": "linkerd-config",
        "namespace": "linkerd",
        "labels": {"linkerd.io/control-plane-component": "controller", "linkerd.io/control-plane-ns": "linkerd"},
        "annotations": {"linkerd.io/created-by": f"linkerd/helm {_VERSION}"},
    }
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"values": yaml.safe_dump(_VALUES)}}


def _webhook() -> Object:
    labels = {"linkerd.io/control-plane-component": "proxy-injector", "linkerd.io/control-plane-ns": "linkerd"}
    injector: Object = {
        "name": "linkerd-proxy-injector.linkerd.io",
        "admissionReviewVersions": ["v1", "v1beta1"],
        "clientConfig": {"service": {"name": "linkerd-proxy-injector", "namespace": "linkerd", "path": "/"}},
        "failurePolicy": "Ignore",
        "namespaceSelector": {
            "matchExpressions": [
                _not_in("config.linkerd.io/admission-webhooks", "disabled"),
                _not_in("kubernetes.io/metadata.name", "kube-system", "cert-manager"),
            ]
        },
        "objectSelector": {
            "matchExpressions": [
                {"key": "linkerd.io/control-plane-component", "operator": "DoesNotExist"},
                {"key": "linkerd.io/cni-resource", "operator": "DoesNotExist"},
            ]
        },
        "rules": [
            {
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "operations": ["CREATE"],
                "resources": ["pods", "services"],
                "scope": "Namespaced",
            }
        ],
        "sideEffects": "None",
        "timeoutSeconds": 10,
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "linkerd-proxy-injector-webhook-config", "labels": labels},
        "webhooks": [injector],
    }


def _not_in(key: str, *values: str) -> Object:
    return {"key": key, "operator": "NotIn", "values": list(values)}
