"""What preflight finds about a policy that lets a namespace's proxies reach the control plane; above all whether it
would isolate pods by accident. Reconcile asks the same again, since a tenant's own policy may go later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.mesh.annotations import MeshDefaults
from portal.mesh.findings import Finding, Severity
from portal.mesh.injection import why_not_injected
from portal.mesh.network import (
    ALLOW_EVERYTHING_ELSE,
    INJECTED,
    POLICY_NAME,
    REFUSE,
    EgressAsk,
    Object,
    egress_isolated,
    egress_policy,
    is_type,
    isolates_alone,
    peers_rule_applies,
    selects_pod,
    tenants_own,
)
from portal.mesh.pods import CONTROL_PLANE_LABEL
from portal.mesh.versions import Feature, LinkerdVersion
from portal.mesh.workloads import WorkloadRef, template_of

_OPEN = (
    "While that rule is there, none of your egress policies restricts them. Once one selects them, Meshdesk takes the "
    "rule out when it next looks at the cluster, which may be minutes later."
)


@dataclass(frozen=True)
class EgressScene:
    """A namespace with all that decides what our policy would do: raw Namespace, workloads and NetworkPolicies (ours
    may be among them), those of the control plane's namespace, the mesh, and the injector's webhook configuration
    (None: the cluster has none)."""

    namespace: Mapping[str, Any]
    workloads: tuple[Mapping[str, Any], ...]
    policies: tuple[Mapping[str, Any], ...]
    control_plane_policies: tuple[Mapping[str, Any], ...]
    mesh: MeshDefaults
    webhook: Mapping[str, Any] | None

    @property
    def ref(self) -> WorkloadRef:
        """The namespace as tickets target it."""
        return WorkloadRef("egress", self.name, self.name)

    @property
    def name(self) -> str:
        """The namespace."""
        return str(self.namespace["metadata"]["name"])

    def is_meshed(self, workload: Mapping[str, Any]) -> bool:
        """Whether pods of this workload get a proxy; of a bare pod, also whether it has one."""
        template = _pod_of(workload)
        if CONTROL_PLANE_LABEL in _labels_of(template):
            return True
        webhook = {} if self.webhook is None else self.webhook
        return not why_not_injected(pod_template_or_pod=template, namespace=self.namespace, webhook=webhook)

    @property
    def labels(self) -> dict[str, dict[str, str]]:
        """Each workload by name (`deployment/emoji`) with its pods' labels, those that injection adds among them."""
        return {str(WorkloadRef.of(one)): self._labels(one) for one in self.workloads}

    def _labels(self, workload: Mapping[str, Any]) -> dict[str, str]:
        own = _labels_of(_pod_of(workload))
        if not self.is_meshed(workload):
            return own
        ref = WorkloadRef.of(workload)
        added = {CONTROL_PLANE_LABEL: self.mesh.namespace, "linkerd.io/workload-ns": self.name}
        return {**own, **added, f"linkerd.io/proxy-{ref.kind}": ref.name}


def _pod_of(workload: Mapping[str, Any]) -> Mapping[str, Any]:
    # A bare pod is its own template.
    return template_of(workload) or workload


def _labels_of(pod: Mapping[str, Any]) -> dict[str, str]:
    return dict((pod.get("metadata") or {}).get("labels") or {})


def needs_open_rule(ask: EgressAsk, scene: EgressScene) -> bool:
    """Whether the allow-everything-else rule belongs in the policy: it was chosen, and ours would isolate alone, pods
    that are there or, where it selects none yet and the tenant closes nothing, pods to come."""
    if ask.if_alone != ALLOW_EVERYTHING_ELSE:
        return False
    return bool(_alone(ask, scene)) or not (_selected(ask, scene) or _closes_egress(scene))


def policy_for(ask: EgressAsk, scene: EgressScene, *, name: str = POLICY_NAME) -> Object:
    """The manifest for this namespace as it is now, without our labels."""
    is_open = needs_open_rule(ask, scene)
    return egress_policy(ask, name=name, namespace=scene.name, mesh=scene.mesh, allow_everything_else=is_open)


def egress_findings(ask: EgressAsk, scene: EgressScene) -> list[Finding]:
    """Everything that decides whether the policy can stand, blocking findings first."""
    found = [*_isolation(ask, scene), *_coverage(ask, scene), *_version(ask, scene), *_around(scene)]
    order = list(Severity)
    return sorted(found, key=lambda one: order.index(one.severity))


def _finding(scene: EgressScene, severity: Severity, code: str, words: tuple[str, str]) -> Finding:
    return Finding(code, severity, f"namespace/{scene.name}", *words)


def _alone(ask: EgressAsk, scene: EgressScene) -> list[str]:
    return isolates_alone(_bare_policy(ask, scene), scene.policies, scene.labels)


def _bare_policy(ask: EgressAsk, scene: EgressScene) -> Object:
    return egress_policy(ask, name=POLICY_NAME, namespace=scene.name, mesh=scene.mesh)


def _selected(ask: EgressAsk, scene: EgressScene) -> list[str]:
    ours = _bare_policy(ask, scene)
    return sorted(name for name, labels in scene.labels.items() if selects_pod(ours, labels))


def _isolation(ask: EgressAsk, scene: EgressScene) -> Iterator[Finding]:
    selected = _selected(ask, scene)
    if not selected:
        yield _nothing_selected(ask, scene)
        return
    alone = _alone(ask, scene)
    if alone and ask.if_alone == REFUSE:
        yield _would_isolate(scene, alone)
    elif alone and len(alone) < len(selected):
        yield _would_open(scene, alone, sorted(set(selected) - set(alone)))
    elif alone:
        fact = (
            f"No egress policy of yours selects {_list(alone)}, so the policy also gets a rule that allows everything."
        )
        yield _finding(scene, Severity.INFO, "everything-else-allowed", (fact, _OPEN))


def _nothing_selected(ask: EgressAsk, scene: EgressScene) -> Finding:
    which = "has no workload with a proxy" if ask.pods == INJECTED else "has no workloads"
    meaning = "The policy would do nothing now and isolate later pods: mesh or deploy a workload first, then ask again."
    if needs_open_rule(ask, scene):
        meaning = f"The policy does nothing now, and gets a rule that allows everything for pods to come. {_OPEN}"
    severity = Severity.BLOCKING if ask.if_alone == REFUSE else Severity.WARNING
    return _finding(scene, severity, "selects-nothing", (f"Namespace {scene.name} {which}.", meaning))


def _closes_egress(scene: EgressScene) -> bool:
    return any(is_type(policy, "Egress") for policy in tenants_own(scene.policies))


def _would_isolate(scene: EgressScene, alone: list[str]) -> Finding:
    if not _closes_egress(scene):
        fact = f"Namespace {scene.name} has no egress policy of its own: {_list(alone)} can reach the control plane."
        code = "no-egress-policy"
    else:
        fact = f"No egress policy of yours selects {_list(alone)}: they can reach the control plane already."
        code = "would-isolate"
    meaning = (
        "This policy alone would isolate them and cut all their other traffic. Isolate them by a policy of your own "
        "first, or leave them out; or choose allow-everything-else."
    )
    return _finding(scene, Severity.BLOCKING, code, (fact, meaning))


def _would_open(scene: EgressScene, alone: list[str], isolated: list[str]) -> Finding:
    # One policy has one set of rules: allow-everything would reach pods that the tenant isolated on purpose.
    fact = f"No egress policy of yours selects {_list(alone)}, but one isolates {_list(isolated)}."
    meaning = (
        "The rule that allows everything else would also undo the isolation of the latter. Isolate the former by a "
        "policy of your own first, then choose refuse; or ask for another choice of pods."
    )
    return _finding(scene, Severity.BLOCKING, "would-open-isolated", (fact, meaning))


def _coverage(ask: EgressAsk, scene: EgressScene) -> Iterator[Finding]:
    unmeshed = sorted(str(WorkloadRef.of(one)) for one in scene.workloads if not scene.is_meshed(one))
    if ask.pods == INJECTED and unmeshed and len(unmeshed) < len(scene.workloads):
        fact = f"{_list(unmeshed)} run without the proxy, so the policy does not select them."
        meaning = "They need no way to the control plane; once they are meshed, it selects their new pods by itself."
        yield _finding(scene, Severity.INFO, "not-all-meshed", (fact, meaning))
    theirs = tenants_own(scene.policies)
    if not ask.dns and not ask.node_local_dns and any(egress_isolated(one, theirs) for one in scene.labels.values()):
        fact = "DNS was not asked for."
        meaning = (
            "The proxy finds the control plane by name: a policy of yours must let its pods reach the cluster's DNS."
        )
        yield _finding(scene, Severity.INFO, "dns-not-asked", (fact, meaning))
    if ask.dns:
        fact = "DNS is taken to be the pods with the label k8s-app=kube-dns in kube-system."
        meaning = "Where the cluster's DNS runs elsewhere (OpenShift does), a policy of yours must allow it."
        yield _finding(scene, Severity.INFO, "dns-assumed", (fact, meaning))


def _version(ask: EgressAsk, scene: EgressScene) -> Iterator[Finding]:
    version = LinkerdVersion.parse(scene.mesh.version)
    if version is None:
        fact = f'The control plane reports version "{scene.mesh.version or "nothing"}", which Meshdesk does not know.'
        meaning = (
            "Whether meshed pods talk to each other on port 4143 (Linkerd 2.18 and later) was not guessed: "
            f"the rule for it is {'written' if ask.peers else 'left out'}, as asked. Ask your platform operators."
        )
        yield _finding(scene, Severity.WARNING, "version-unknown", (fact, meaning))
    elif version.has(Feature.MESHED_PORT_4143):
        yield _peers(ask, scene, version)
    elif ask.peers:
        fact = f"Linkerd {version} is older than 2.18: meshed pods reach each other on the application's own ports."
        meaning = "A rule for port 4143 would have no effect and is left out: your policies must allow those ports."
        yield _finding(scene, Severity.INFO, "peers-on-own-ports", (fact, meaning))


def _peers(ask: EgressAsk, scene: EgressScene, version: LinkerdVersion) -> Finding:
    fact = f"With Linkerd {version}, meshed pods talk to each other on port 4143 only."
    if peers_rule_applies(ask, scene.mesh):
        meaning = (
            "The pods may reach every meshed pod of the cluster there, so rules on application ports no longer part "
            "meshed peers; the peers' own ingress policies must let 4143 in."
        )
        return _finding(scene, Severity.INFO, "peers-by-mesh-port", (fact, meaning))
    meaning = "It was not asked for: egress policies of yours that allow application ports alone cut meshed traffic."
    return _finding(scene, Severity.INFO, "peers-not-asked", (fact, meaning))


def _around(scene: EgressScene) -> Iterator[Finding]:
    if scene.mesh.trace_collector:
        fact = f"The proxies of this cluster send traces to {scene.mesh.trace_collector}."
        meaning = "The policy does not let them: a policy of yours must, or their traces are lost."
        yield _finding(scene, Severity.INFO, "traces-not-included", (fact, meaning))
    guards = sorted(one["metadata"]["name"] for one in scene.control_plane_policies if is_type(one, "Ingress"))
    if guards:
        fact = f"Namespace {scene.mesh.namespace} has ingress policies of its own: {', '.join(guards)}."
        meaning = (
            f"Leaving {scene.name} is not enough: they must let its pods in on ports 8080, 8086 and 8090. "
            "Ask your platform operators."
        )
        yield _finding(scene, Severity.WARNING, "control-plane-ingress", (fact, meaning))


def _list(names: list[str]) -> str:
    return ", ".join(names)
