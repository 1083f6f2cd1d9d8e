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

_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

SKIP_INBOUND = "config.linkerd.io/skip-inbound-ports"
SKIP_OUTBOUND = "config.linkerd.io/skip-outbound-ports"
INJECT = "linkerd.io/inject"
MARK = "meshdesk.io/tickets"
KEYS = (SKIP_INBOUND, SKIP_OUTBOUND, INJECT)


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
    """What the control plane does where nobody says otherwise; `version` is as Linkerd reports it (`edge-26.6.3`)."""

    version: str | None = None
    skip_inbound: str = "4567,4568"
    skip_outbound: str = "4567,4568"
    native_sidecar: bool = True
    cni: bool = False
    namespace: str = "linkerd"
    trust_root_sha256: str | None = None

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
        )

    def skip(self, key: str) -> str:
        """The default list of a skip key."""
        return {SKIP_INBOUND: self.skip_inbound, SKIP_OUTBOUND: self.skip_outbound}[key]

    def to_json(self) -> dict[str, Any]:
        """A JSON-safe dict that `from_json` reads back without loss."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> MeshDefaults:
        """What `to_json` gave."""
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


def _trust_root(pem: str | None) -> str | None:
    # The chart trims the bundle into the ConfigMap whose exact bytes the injector hashes onto each pod.
    return hashlib.sha256(pem.strip().encode()).hexdigest() if pem else None


def effective_skip(
    key: str, template: Mapping[str, str], namespace: Mapping[str, str], defaults: MeshDefaults
) -> Effective:
    """The skip list that counts: a key present on the template, even empty, hides namespace and default."""
    if key in template:
        return Effective(template[key], Source.POD_TEMPLATE)
    if key in namespace:
        return Effective(namespace[key], Source.NAMESPACE)
    return Effective(defaults.skip(key), Source.CONTROL_PLANE)


def effective_inject(template: Mapping[str, str], namespace: Mapping[str, str]) -> Effective:
    """The inject annotation that counts; an empty one on the template says nothing; the default is not to inject."""
    if template.get(INJECT):
        return Effective(template[INJECT], Source.POD_TEMPLATE)
    if namespace.get(INJECT):
        return Effective(namespace[INJECT], Source.NAMESPACE)
    return Effective("", Source.CONTROL_PLANE)


def effective(key: str, template: Mapping[str, str], namespace: Mapping[str, str], defaults: MeshDefaults) -> Effective:
    """The value of any of KEYS that counts for pods made from `template` in this namespace."""
    if key == INJECT:
        return effective_inject(template, namespace)
    return effective_skip(key, template, namespace, defaults)
