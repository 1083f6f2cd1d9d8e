"""Where the mesh's encryption has a hole, and what of old windows was left behind: what posture finds. Pure.

A hole needs a live ticket that explains it; a leftover is told, and no ticket is asked for. The codes are what the
injector, proxy-init and the policy controller of Linkerd make of annotations, labels and pods.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """What sort of hole or leftover; stored, so a name never changes its meaning."""

    UNMESHED = "unmeshed"
    """Pods run without a proxy: `inject: disabled`, an invalid value, no `enabled` anywhere, webhook not called."""
    SKIP_INBOUND = "skip-inbound"
    SKIP_OUTBOUND = "skip-outbound"
    SKIP_SUBNETS = "skip-subnets"
    PROXY_USER = "proxy-user"
    """proxy-uid or proxy-gid set on the pod or its namespace, or an application that runs as the proxy's user."""
    PROXY_ENVIRONMENT = "proxy-environment"
    """proxy-additional-env."""
    PROXY_IMAGE = "proxy-image"
    """proxy-image or proxy-version of one's own."""
    PROXY_PORTS = "proxy-ports"
    """enable-gateway, inbound-port, outbound-port."""
    WEAKER_POLICY = "weaker-policy"
    """default-inbound-policy that lets in more than the control plane's default."""
    HOST_NETWORK = "host-network"
    DECOY = "decoy"
    """A container that is named like a proxy or its init container but was not injected."""
    WEBHOOK_OFF = "webhook-off"
    """A label on the namespace or on pods for which the injector's webhook is not called."""
    DEBUG = "debug-container"
    TAP_LEFT = "tap-left"
    STALE_ROOT = "stale-trust-root"
    OLD_PROXY = "old-proxy"


LEFTOVERS = frozenset({Code.TAP_LEFT, Code.STALE_ROOT, Code.OLD_PROXY})
"""What is told and needs no ticket: it does not weaken the encryption by itself."""


@dataclass(frozen=True)
class Hole:
    """One hole of one workload or namespace; `detail` is JSON-safe and says what exactly (ports, values, pods)."""

    code: Code
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def leftover(self) -> bool:
        """True when no ticket is asked for it."""
        return self.code in LEFTOVERS
