"""What the practice worlds have of Linkerd itself, as of 2.20: namespaces, settings, webhooks and certificates."""

from __future__ import annotations

import yaml

from workers.cluster.practice_certificates import A_YEAR, TEN_YEARS, Made, made
from workers.cluster.practice_store import Object

_VERSION = "edge-26.6.3"
_VALUES: Object = {
    "clusterDomain": "cluster.local",
    "clusterNetworks": "10.0.0.0/8,100.64.0.0/10,172.16.0.0/12,192.168.0.0/16,fd00::/8",
    "cniEnabled": False,
    "debugContainer": {"image": {"name": "practice/linkerd-debug", "version": ""}},
    "identity": {"serviceAccountTokenProjection": True},
    "linkerdVersion": _VERSION,
    "proxy": {"await": True, "enableShutdownEndpoint": False, "nativeSidecar": True},
    "proxyInit": {"ignoreInboundPorts": "4567,4568", "ignoreOutboundPorts": "4567,4568"},
}


_VALIDATORS = {
    "sp-validator": ("linkerd.io", ["v1alpha1", "v1alpha2"], "serviceprofiles"),
    "policy-validator": ("policy.linkerd.io", ["*"], "servers"),
}


def linkerd_objects() -> list[Object]:
    """Namespaces `kube-system` and `linkerd`, the ConfigMaps that all may read, and the webhooks' configurations."""
    anchor = made("root.linkerd.cluster.local", TEN_YEARS)
    issuer = made("identity.linkerd.cluster.local", A_YEAR, anchor)
    labels = {"config.linkerd.io/admission-webhooks": "disabled", "linkerd.io/is-control-plane": "true"}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}},
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": "linkerd", "labels": labels, "annotations": {"linkerd.io/inject": "disabled"}},
        },
        _config_map("linkerd-config", "controller", {"values": yaml.safe_dump(_values(anchor, issuer))}),
        _config_map("linkerd-identity-trust-roots", "identity", {"ca-bundle.crt": anchor.pem}),
        _webhook(),
        *(_validator(name) for name in _VALIDATORS),
    ]


def _values(anchor: Made, issuer: Made) -> Object:
    tls = {"scheme": "linkerd.io/tls", "tls": {"crtPEM": issuer.pem}}
    identity = {**_VALUES["identity"], "issuer": tls}
    return {**_VALUES, "identity": identity, "identityTrustAnchorsPEM": anchor.pem}


def _config_map(name: str, component: str, data: dict[str, str]) -> Object:
    created_by = {"linkerd.io/created-by": f"linkerd/helm {_VERSION}"}
    metadata = {"name": name, "namespace": "linkerd", "labels": _labels(component), "annotations": created_by}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def _labels(component: str) -> dict[str, str]:
    return {"linkerd.io/control-plane-component": component, "linkerd.io/control-plane-ns": "linkerd"}


def _client(service: str) -> Object:
    """Where the API server calls a webhook, and the certificate that it trusts there, which is the server's own."""
    bundle = made(f"{service}.linkerd.svc", A_YEAR).ca_bundle
    return {"service": {"name": service, "namespace": "linkerd", "path": "/"}, "caBundle": bundle}


def _validator(name: str) -> Object:
    group, versions, resource = _VALIDATORS[name]
    rule = {"apiGroups": [group], "apiVersions": versions, "operations": ["CREATE", "UPDATE"], "resources": [resource]}
    webhook = {
        "name": f"linkerd-{name}.linkerd.io",
        "admissionReviewVersions": ["v1", "v1beta1"],
        "clientConfig": _client(f"linkerd-{name}"),
        "failurePolicy": "Ignore",
        "rules": [rule],
        "sideEffects": "None",
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": f"linkerd-{name}-webhook-config", "labels": _labels(name)},
        "webhooks": [webhook],
    }


def _webhook() -> Object:
    injector: Object = {
        "name": "linkerd-proxy-injector.linkerd.io",
        "admissionReviewVersions": ["v1", "v1beta1"],
        "clientConfig": _client("linkerd-proxy-injector"),
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
        "metadata": {"name": "linkerd-proxy-injector-webhook-config", "labels": _labels("proxy-injector")},
        "webhooks": [injector],
    }


def _not_in(key: str, *values: str) -> Object:
    return {"key": key, "operator": "NotIn", "values": list(values)}
