"""NetworkPolicies and the namespace that they stand in, for the tests of network and egress."""

from __future__ import annotations

from typing import Any

from portal.mesh.annotations import MeshDefaults
from portal.mesh.egress import EgressScene
from portal.mesh.injection import DEFAULT_WEBHOOK
from portal.mesh.network import EgressAsk, egress_policy
from tests.unit.mesh.objects import MESHED, deployment, template

Object = dict[str, Any]
NOW = MeshDefaults(version="edge-26.6.3")
OLD = MeshDefaults(version="stable-2.14.10")


def policy(name: str = "deny-all", selector: Object | None = None, **spec: Any) -> Object:
    body = {"podSelector": selector or {}, "policyTypes": ["Ingress", "Egress"], **spec}
    return {"kind": "NetworkPolicy", "metadata": {"name": name, "namespace": "emojivoto"}, "spec": body}


def labelled(name: str, *, unmeshed: bool = False, **labels: str) -> Object:
    pods = template(annotations={"linkerd.io/inject": "disabled"} if unmeshed else None)
    pods["metadata"]["labels"] = {"app": name, **labels}
    return deployment(name, pods=pods)


def scene(*workloads: Object, policies: tuple[Object, ...] = (), mesh: MeshDefaults = NOW, **more: Any) -> EgressScene:
    around = {"control_plane_policies": (), "webhook": DEFAULT_WEBHOOK, **more}
    return EgressScene(MESHED, workloads or (labelled("emoji"),), policies, mesh=mesh, **around)


def made(ask: EgressAsk, mesh: MeshDefaults = NOW, **more: Any) -> Object:
    return egress_policy(ask, name="allow-linkerd-control-plane-egress", namespace="emojivoto", mesh=mesh, **more)
