"""Where the mesh's encryption has a hole, and what of old windows was left behind: what posture finds. Pure.

A hole needs a live ticket that explains it; a leftover is told, and no ticket is asked for. The codes are what the
injector, proxy-init and the policy controller of Linkerd make of annotations, labels and pods. Rules are in
holes_of_template.py and holes_of_pods.py, what tickets explain in holes_explained.py, the sentences in hole_words.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """What sort of hole or leftover; stored, so a name never changes its meaning."""

    UNMESHED = "unmeshed"
    """Pods run without a proxy: `inject: disabled`, an invalid value, no `enabled` anywhere, webhook not there."""
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
    """default-inbound-policy that lets in more than the control plane's default, or ports that no longer require an
    identity."""
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
WITHOUT_PROXY = frozenset({Code.UNMESHED, Code.HOST_NETWORK, Code.DECOY, Code.WEBHOOK_OFF})
"""The reasons for which pods run without a proxy."""


@dataclass(frozen=True)
class Hole:
    """One hole of one workload or namespace; `detail` is JSON-safe and says what exactly:

    `values` [[what, value], …] (annotation, label, container or reason of the injector, and how it reads) or, of skip
    lists, `ports` and perhaps `unread` (lists that cannot be read). Of workloads `pods` of `of` pods show it (of 0: the
    template does); of namespaces `workloads` (how many), `named` (the first of them), `open` (how many of them no
    ticket explains). Where it is so: `expected` (the control plane's own value), `before` (the template no longer says
    so), `left` (ports that no ticket explains), `ours` (Meshdesk wrote it, and no live ticket explains it).
    """

    code: Code
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def leftover(self) -> bool:
        """True when no ticket is asked for it."""
        return self.code in LEFTOVERS


def words(code: str, detail: Mapping[str, Any]) -> tuple[str, str]:
    """What is so, and what that means and what to do, for people: pages, the API, the command line."""
    # The sentences need the codes.
    from portal.mesh.hole_words import fact, meaning  # noqa: PLC0415

    return fact(Code(code), detail), meaning(Code(code), detail)
