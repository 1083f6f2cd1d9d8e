"""The kind `control-plane-egress`: a NetworkPolicy that lets a namespace's proxies reach Linkerd's control plane.

The registry holds it; everything else knows it as a Kind. Each ticket has a policy of its own in each namespace:
NetworkPolicies add up, so overlapping tickets need no fold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from marshmallow import fields, validate

from portal.kinds.base import Asked, Fields, ObjectKind, Part, Scope
from portal.kinds.namespaces_field import NamespacesSchema, namespace_notes
from portal.mesh.commands import Command
from portal.mesh.egress import EgressScene, egress_findings, policy_for
from portal.mesh.findings import Finding
from portal.mesh.network import ALL, ALLOW_EVERYTHING_ELSE, INJECTED, POLICY_NAME, REFUSE, EgressAsk
from portal.mesh.workloads import WorkloadRef

Object = dict[str, Any]

# How its targets are named: the namespace, twice.
TARGET_KIND = "egress"


def _choice(*choices: str) -> validate.OneOf:
    return validate.OneOf(choices, error=f"Choose {' or '.join(choices)}.")


class ControlPlaneEgressSchema(NamespacesSchema):
    """What the fields of an egress policy must be; loads them canonical."""

    pods = fields.String(
        load_default=INJECTED,
        validate=_choice(INJECTED, ALL),
        metadata={"description": "The pods with a proxy, or all of the namespace."},
    )
    dns = fields.Boolean(
        load_default=True, metadata={"description": "With the cluster's DNS (k8s-app=kube-dns in kube-system)."}
    )
    node_local_dns = fields.Boolean(
        load_default=False, metadata={"description": "With NodeLocal DNSCache at its usual address, 169.254.20.10."}
    )
    peers = fields.Boolean(
        load_default=True, metadata={"description": "From Linkerd 2.18 on, with port 4143 of all meshed pods."}
    )
    if_alone = fields.String(
        load_default=REFUSE,
        validate=_choice(REFUSE, ALLOW_EVERYTHING_ELSE),
        metadata={
            "description": "Where no egress policy of yours selects the pods, so that this one alone would isolate "
            "them: refuse, or add a rule that allows everything else."
        },
    )


class ControlPlaneEgress(ObjectKind[EgressScene]):
    """The way out to the control plane for pods whose egress their tenant has closed."""

    name = "control-plane-egress"
    title = "Control plane egress"
    summary = (
        "Let your proxies reach Linkerd's control plane, DNS and each other, where your own NetworkPolicies close "
        "your namespace's egress. It restarts nothing, never isolates a pod that you have not isolated, and may stay."
    )
    costs = "Nothing restarts and everything stays encrypted."
    needs = "The namespaces in which your own NetworkPolicies close egress."
    schema = ControlPlaneEgressSchema()
    shrinkable = {"namespaces": Part.LIST}  # noqa: RUF012
    scope = Scope.NAMESPACES

    def targets(self, fields: Fields, namespace: str | None) -> list[WorkloadRef]:
        """One for each namespace."""
        return [WorkloadRef(TARGET_KIND, name, name) for name in fields["namespaces"]]

    def manifests(self, fields: Fields, view: EgressScene, ticket: str) -> list[Object]:
        """The ticket's own policy in this namespace, as its workloads and policies are now."""
        return [policy_for(ask_of(fields), view, name=policy_name(ticket))]

    def routing_facts(self, fields: Fields, context: Sequence[EgressScene]) -> dict[str, Any]:
        """Nothing but the kind: it has no modes."""
        return {}

    def identity(self, fields: Fields) -> dict[str, Any]:
        """Everything: another choice is another policy."""
        return {**fields, "namespaces": sorted(fields["namespaces"])}

    def notes(self, raw: Mapping[str, Any]) -> list[str]:
        """What was put right in the namespaces."""
        return namespace_notes(raw)

    def checks(self, fields: Fields, views: Sequence[EgressScene]) -> list[Finding]:
        """The findings of each namespace."""
        ask = ask_of(fields)
        return [replace(one, target=str(view.ref)) for view in views for one in egress_findings(ask, view)]

    def usage(self, asked: Asked) -> list[Command]:
        """How to see the policy in each namespace."""
        name = policy_name(asked.ref)
        return [
            Command(f"See the policy in {one}", f"kubectl get networkpolicy {name} --namespace {one} --output yaml")
            for one in asked.fields["namespaces"]
        ]


def ask_of(fields: Fields) -> EgressAsk:
    """What the policy is to be, from loaded fields."""
    return EgressAsk(**{key: value for key, value in fields.items() if key != "namespaces"})


def policy_name(ticket: str) -> str:
    """The name of a ticket's policy: the same in each of its namespaces, no other ticket's."""
    return f"{POLICY_NAME}-{ticket.lower()}"
