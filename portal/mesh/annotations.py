"""Linkerd's annotation keys, and what a key means on a workload: pod template, else namespace, else the control plane.

The fold, the findings and both cluster implementations read them through this module.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import yaml

from portal.mesh.versions import Feature, LinkerdVersion

_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

SKIP_INBOUND = "config.linkerd.io/skip-inbound-ports"
SKIP_OUTBOUND = "config.linkerd.io/skip-outbound-ports"
INJECT = "linkerd.io/inject"
DEBUG_SIDECAR = "config.linkerd.io/enable-debug-sidecar"
NATIVE_SIDECAR = "config.linkerd.io/proxy-enable-native-sidecar"
NATIVE_SIDECAR_BETA = "config.beta.linkerd.io/proxy-enable-native-sidecar"
NATIVE_SIDECAR_ALPHA = "config.alpha.linkerd.io/proxy-enable-native-sidecar"
ADMIN_SHUTDOWN = "config.linkerd.io/proxy-admin-shutdown"
MARK = "meshdesk.io/tickets"

# The keys that tickets set to one value, and that value.
SETTINGS: dict[str, str] = {
    INJECT: "disabled",
    DEBUG_SIDECAR: "true",
    NATIVE_SIDECAR: "true",
    NATIVE_SIDECAR_BETA: "true",
    NATIVE_SIDECAR_ALPHA: "true",
    ADMIN_SHUTDOWN: "enabled",
}
KEYS = (SKIP_INBOUND, SKIP_OUTBOUND, *SETTINGS)
# The first of these that counts for a pod decides, where the version reads it.
_NATIVE = {
    NATIVE_SIDECAR: Feature.NATIVE_GA,
    NATIVE_SIDECAR_BETA: Feature.NATIVE_BETA,
    NATIVE_SIDECAR_ALPHA: Feature.NATIVE_ALPHA,
}
# What Linkerd reads as true: Go's ParseBool. All else is false to it.
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})


class Source(StrEnum):
    """Where the value that counts comes from."""

    POD_TEMPLATE = "pod template"
    NAMESPACE = "namespace"
    CONTROL_PLANE = "control plane default"


@dataclass(frozen=True)
class Effective:
    """The value of one key that counts, as written, and where it comes from."""

    value: str
    source: Source


@dataclass(frozen=True)
class MeshDefaults:
    """What the control plane does where nobody says otherwise; `version` is as Linkerd reports it (`edge-26.6.3`).

    `admin_shutdown` is Helm's proxy.enableShutdownEndpoint, `default_inbound_policy` its proxy.defaultInboundPolicy;
    `kubernetes` is the API server's version (`1.37.2`), which no ConfigMap tells; `trace_collector` is where proxies
    send their traces (`collector.tracing:4317`), None where they send none. `token_projection` is Helm's
    identity.serviceAccountTokenProjection: whether proxies bring a token of their own.
    """

    version: str | None = None
    skip_inbound: str = "4567,4568"
    skip_outbound: str = "4567,4568"
    native_sidecar: bool = True
    cni: bool = False
    namespace: str = "linkerd"
    trust_root_sha256: str | None = None
    admin_shutdown: bool = False
    kubernetes: str | None = None
    default_inbound_policy: str = "all-unauthenticated"
    trace_collector: str | None = None
    token_projection: bool = True

    @classmethod
    def from_config_map(cls, config_map: Mapping[str, Any]) -> MeshDefaults:
        """Read ConfigMap linkerd/linkerd-config; raises ValueError when its `values` are no YAML map."""
        values = _values(config_map)
        init, proxy = values.get("proxyInit") or {}, values.get("proxy") or {}
        return cls(
            version=values.get("linkerdVersion") or None,
            skip_inbound=_text(init.get("ignoreInboundPorts")),
            skip_outbound=_text(init.get("ignoreOutboundPorts")),
            native_sidecar=bool(proxy.get("nativeSidecar", False)),
            cni=bool(values.get("cniEnabled", False)),
            namespace=(config_map.get("metadata") or {}).get("namespace") or "linkerd",
            trust_root_sha256=_trust_root(values.get("identityTrustAnchorsPEM")),
            admin_shutdown=bool(proxy.get("enableShutdownEndpoint", False)),
            default_inbound_policy=proxy.get("defaultInboundPolicy") or "all-unauthenticated",
            trace_collector=_collector(proxy.get("tracing") or {}),
            token_projection=_projects(values),
        )

    def skip(self, key: str) -> str:
        """The default list of a skip key."""
        return {SKIP_INBOUND: self.skip_inbound, SKIP_OUTBOUND: self.skip_outbound}[key]

    def may_have(self, feature: Feature) -> bool:
        """Whether this version has it; one of unknown form is taken for a new one."""
        version = LinkerdVersion.parse(self.version)
        return version is None or version.has(feature)

    def setting(self, key: str) -> str:
        """The default of a key of SETTINGS."""
        if key in _NATIVE:
            return str(self.native_sidecar).lower()
        if key == ADMIN_SHUTDOWN:
            # Before 2.16 the endpoint was always there and no value spoke of it.
            on = self.admin_shutdown or not self.may_have(Feature.SHUTDOWN_DISABLED_BY_DEFAULT)
            return "enabled" if on else "disabled"
        return {INJECT: "", DEBUG_SIDECAR: "false"}[key]

    def to_json(self) -> dict[str, Any]:
        """A JSON-safe dict that `from_json` reads back without loss."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> MeshDefaults:
        """What `to_json` gave, now or before a field was added."""
        return cls(**data)


def _values(config_map: Mapping[str, Any]) -> dict[str, Any]:
    return _parsed((config_map.get("data") or {}).get("values") or "")


# Each step of a change reads it anew and it hardly ever differs; parsed in Python, Helm's values take 0.1 s.
@lru_cache(maxsize=16)
def _parsed(text: str) -> dict[str, Any]:
    try:
        values = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader, the one in C where there is one
    except yaml.YAMLError as error:
        raise ValueError("The values in ConfigMap linkerd-config are no YAML: an operator must look.") from error
    if isinstance(values, dict):
        return values
    raise ValueError("ConfigMap linkerd-config holds no values: a platform operator must look.")


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _collector(tracing: Mapping[str, Any]) -> str | None:
    return (tracing.get("collector") or {}).get("endpoint") or None if tracing.get("enabled") else None


def _projects(values: Mapping[str, Any]) -> bool:
    # The value came with 2.12 (2.11.2), on by default: before that proxies took the service account's own token.
    said = (values.get("identity") or {}).get("serviceAccountTokenProjection")
    version = LinkerdVersion.parse(values.get("linkerdVersion") or None)
    return bool(said) if said is not None else version is None or version.has(Feature.TOKEN_PROJECTION)


def _trust_root(pem: str | None) -> str | None:
    # The chart trims the bundle into the ConfigMap whose exact bytes the injector hashes onto each pod.
    return hashlib.sha256(pem.strip().encode()).hexdigest() if pem else None


def is_true(text: str) -> bool:
    """Whether Linkerd reads this value of a boolean key as true."""
    return text in _TRUE


def is_set(key: str, text: str | None) -> bool:
    """Whether this value of a key of SETTINGS (None: absent) means what a ticket's own value of it means."""
    return text is not None and (is_true(text) if SETTINGS[key] == "true" else text == SETTINGS[key])


def inherits(key: str, defaults: MeshDefaults) -> bool:
    """Whether a pod takes this key of KEYS from its namespace: all but the beta key of native sidecars from 2.20 on."""
    return key != NATIVE_SIDECAR_BETA or not defaults.may_have(Feature.NATIVE_GA)


def effective_skip(
    key: str, template: Mapping[str, str], namespace: Mapping[str, str], defaults: MeshDefaults
) -> Effective:
    """The skip list that counts: a key present on the template, even empty, hides namespace and default."""
    return _layered(key, template, namespace, defaults.skip(key))


def effective_inject(template: Mapping[str, str], namespace: Mapping[str, str]) -> Effective:
    """The inject annotation that counts; an empty one on the template says nothing; the default is not to inject."""
    if template.get(INJECT):
        return Effective(template[INJECT], Source.POD_TEMPLATE)
    if namespace.get(INJECT):
        return Effective(namespace[INJECT], Source.NAMESPACE)
    return Effective("", Source.CONTROL_PLANE)


def effective(key: str, template: Mapping[str, str], namespace: Mapping[str, str], defaults: MeshDefaults) -> Effective:
    """The value of any of KEYS that counts for pods made from `template` in this namespace.

    Of native sidecars each key by itself: `effective_native` tells which of them decides.
    """
    if key == INJECT:
        return effective_inject(template, namespace)
    if key in (SKIP_INBOUND, SKIP_OUTBOUND):
        return effective_skip(key, template, namespace, defaults)
    return _layered(key, template, namespace if inherits(key, defaults) else {}, defaults.setting(key))


def effective_native(
    template: Mapping[str, str], namespace: Mapping[str, str], defaults: MeshDefaults
) -> tuple[str | None, Effective]:
    """The native sidecar key that decides (None: the control plane) and its value: GA, else beta, else alpha, of those
    that this version reads; a namespace's GA key goes before a pod's alpha key."""
    for key, feature in _NATIVE.items():
        found = effective(key, template, namespace, defaults)
        if found.source is not Source.CONTROL_PLANE and defaults.may_have(feature):
            return key, found
    return None, Effective(defaults.setting(NATIVE_SIDECAR), Source.CONTROL_PLANE)


def _layered(key: str, template: Mapping[str, str], namespace: Mapping[str, str], default: str) -> Effective:
    if key in template:
        return Effective(template[key], Source.POD_TEMPLATE)
    if key in namespace:
        return Effective(namespace[key], Source.NAMESPACE)
    return Effective(default, Source.CONTROL_PLANE)
