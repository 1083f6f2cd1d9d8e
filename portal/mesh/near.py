"""What is around a workload besides its mesh: preflight reads it once for a ticket, the rules of findings judge it.

Everything is of the workload's own namespace but `peers`, which has names, ports and what a look at a few pods told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.mesh.pods import PodFacts

Object = Mapping[str, Any]


@dataclass(frozen=True, order=True)
class Peer:
    """A Service at a port that is to be dialled past the proxy, in a namespace of the ticket's own tenant.

    `meshed` is whether proxies of its pods see the calls, None where nobody looked or no pod runs; `demands` is by
    which rule it refuses callers without a mesh identity, "" where none is known.
    """

    namespace: str
    service: str
    port: int
    meshed: bool | None = None
    demands: str = ""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.service}:{self.port}"


@dataclass(frozen=True)
class Peers:
    """Who is at the outbound ports, as far as Services tell: those of the tenant by name, all others by number alone,
    for other tenants' names are not for everybody: {port: how many}."""

    named: tuple[Peer, ...] = ()
    elsewhere: Mapping[int, int] | None = None


@dataclass(frozen=True)
class Near:
    """Raw objects around a workload, the facts of its pods, and a sentence for each list that could not be read.

    `authorizations` are AuthorizationPolicies, `old_authorizations` ServerAuthorizations, `identities`
    MeshTLSAuthentications, `routes` Linkerd's HTTPRoutes, `autoscalers` HorizontalPodAutoscalers.
    """

    pods: tuple[PodFacts, ...] = ()
    services: tuple[Object, ...] = ()
    network_policies: tuple[Object, ...] = ()
    servers: tuple[Object, ...] = ()
    authorizations: tuple[Object, ...] = ()
    old_authorizations: tuple[Object, ...] = ()
    identities: tuple[Object, ...] = ()
    routes: tuple[Object, ...] = ()
    autoscalers: tuple[Object, ...] = ()
    peers: Peers | None = None
    unread: tuple[str, ...] = ()
