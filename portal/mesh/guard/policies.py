"""The two policies of the guard, for workloads and for namespaces, with the rules of rules.py. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from portal.mesh.annotations import MeshDefaults
from portal.mesh.guard import cel, rules
from portal.mesh.guard.names import API, MANAGER, NAMESPACES, POLICY, WORKLOADS
from portal.mesh.guard.rules import Rule, Variables
from portal.mesh.objects import MANAGED

Object = dict[str, Any]
# Whose word a template is made to pods by. Identities, for ownerReferences can be forged. The last is that of a
# controller manager that runs without an account for each controller.
CONTROLLERS = (
    *("deployment-controller", "replicaset-controller", "replication-controller", "statefulset-controller"),
    *("daemon-set-controller", "job-controller", "cronjob-controller", "generic-garbage-collector"),
    *("namespace-controller", "node-controller", "pod-garbage-collector", "ttl-after-finished-controller"),
    *("disruption-controller", "endpointslice-controller", "taint-eviction-controller"),
)
TRUSTED = (
    *(f"system:serviceaccount:kube-system:{name}" for name in CONTROLLERS),
    *("system:kube-controller-manager", "system:kube-scheduler"),
)
KUBELETS = "system:nodes"
_PODS = ("pods", "pods/status", "replicationcontrollers")
_WORKLOAD_RESOURCES = (
    ("", _PODS),
    ("apps", ("deployments", "statefulsets", "daemonsets", "replicasets")),
    ("batch", ("jobs", "cronjobs")),
)
# Both subresources take labels and annotations too.
_NAMESPACE_RESOURCES = (("", ("namespaces", "namespaces/status", "namespaces/finalize")),)
LABELS = {MANAGED: "true", "app.kubernetes.io/part-of": "meshdesk-guard"}


def policies(cluster: str, defaults: MeshDefaults, ask_at: str | None) -> list[Object]:
    """Both policies of a cluster whose control plane has these defaults; `ask_at` is where people ask."""
    ask = _Ask(cluster, ask_at)
    return [_of_workloads(defaults, ask), _of_namespaces(defaults, ask)]


class _Ask:
    """How the message tells a person to ask."""

    def __init__(self, cluster: str, address: str | None) -> None:
        self._cluster, self._address = cluster, address

    def how(self, kind: str | None) -> str:
        """The last sentence of a message, in CEL."""
        if kind is None:
            return cel.text(f". No ticket allows that by itself: where it is needed, {self._way('generic')}")
        sentence = f", and no live ticket allows it. To ask, {self._way(kind)} for namespace "
        return f"{cel.text(sentence)} + variables.place"

    def _way(self, kind: str) -> str:
        if self._address:
            return f"go to {self._address}/{kind}?cluster={self._cluster}"
        return f"run: meshdesk request {kind} --cluster {self._cluster}"


def _of_workloads(defaults: MeshDefaults, ask: _Ask) -> Object:
    held = [*rules.common(defaults), *rules.of_workloads()]
    found = _policy(WORKLOADS, _WORKLOAD_RESOURCES, {**_workload_variables(), **rules.variables(defaults)}, held, ask)
    found["spec"]["paramKind"] = {"apiVersion": "v1", "kind": "ConfigMap"}
    return found


def _of_namespaces(defaults: MeshDefaults, ask: _Ask) -> Object:
    # A ticket is for workloads: what weakens a whole namespace none allows.
    held = [replace(rule, ticket=None) for rule in (*rules.common(defaults), *rules.of_namespaces())]
    return _policy(NAMESPACES, _NAMESPACE_RESOURCES, {**_namespace_variables(), **rules.variables(defaults)}, held, ask)


def _workload_variables() -> Variables:
    old = "variables.template_was"
    mine = "has(params.data) && request.namespace in params.data ? params.data[request.namespace] : ''"
    return {
        "template": _template("object"),
        "template_was": f"request.operation == 'UPDATE' ? {_template('oldObject')} : {{}}",
        "now": "variables.template.?metadata.?annotations.orValue({})",
        "was": f"{old}.?metadata.?annotations.orValue({{}})",
        "labels": "variables.template.?metadata.?labels.orValue({})",
        "labels_was": f"{old}.?metadata.?labels.orValue({{}})",
        "around": "namespaceObject.metadata.?annotations.orValue({})",
        "place": "request.namespace",
        "what": "object.kind.lowerAscii() + '/' + object.metadata.?name.orValue('')",
        "lines": f"({mine}).split('\\n').filter(l, l.startsWith(variables.what + ' '))",
        "injected": f"object.kind == 'Pod' && {cel.text(rules.MESHED_LABEL)} in variables.labels",
        **rules.spec_variables("variables.template.?spec", ""),
        **rules.spec_variables(f"{old}.?spec", "_was"),
    }


def _template(of: str) -> str:
    job = f"{of}.spec.jobTemplate.spec.template"
    return f"(object.kind == 'Pod' ? {of} : object.kind == 'CronJob' ? {job} : {of}.spec.template)"


def _namespace_variables() -> Variables:
    before = "request.operation == 'UPDATE' ? oldObject.metadata.?{0}.orValue({{}}) : {{}}"
    return {
        "now": "object.metadata.?annotations.orValue({})",
        "was": before.format("annotations"),
        "labels": "object.metadata.?labels.orValue({})",
        "labels_was": before.format("labels"),
        "around": "{'': ''}",
        "place": "object.metadata.name",
        "what": "'namespace/' + object.metadata.name",
        "lines": "['-'].filter(l, l == '')",
    }


def _policy(
    name: str, resources: Iterable[tuple[str, Iterable[str]]], held: Variables, found: list[Rule], ask: _Ask
) -> Object:
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "matchPolicy": "Equivalent",
            "namespaceSelector": {},
            "objectSelector": {},
            "resourceRules": [_matched(group, list(names)) for group, names in resources],
        },
        "matchConditions": list(_conditions()),
        "variables": [{"name": key, "expression": expression} for key, expression in held.items()],
        "validations": [_validation(rule, ask) for rule in found],
    }
    metadata = {"name": name, "labels": LABELS}
    return {"apiVersion": API, "kind": POLICY, "metadata": metadata, "spec": spec}


def _matched(group: str, names: list[str]) -> Object:
    return {
        "apiGroups": [group],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": names,
        "scope": "*",
    }


def _conditions() -> Iterator[Object]:
    # They make of a template what it says; the template itself was guarded.
    trusted = f"!(request.userInfo.username in {cel.texts(TRUSTED)})"
    yield {"name": "not-a-controller", "expression": trusted}
    kubelet = f"!({cel.text(KUBELETS)} in request.userInfo.?groups.orValue([]))"
    yield {"name": "not-a-kubelet", "expression": kubelet}
    # Meshdesk tries a change before it is approved. Whoever poses as it changes nothing: a dry run stores nothing.
    rehearsal = f"request.?dryRun.orValue(false) && request.?options.?fieldManager.orValue('') == {cel.text(MANAGER)}"
    yield {"name": "not-a-rehearsal", "expression": f"!({rehearsal})"}


def _validation(rule: Rule, ask: _Ask) -> Object:
    said = f"'Meshdesk: ' + {rule.says} + {ask.how(rule.ticket)}"
    plain = f"Meshdesk: this would weaken mTLS ({rule.name}) and no live ticket allows it."
    return {"expression": rule.passes, "message": plain, "messageExpression": said, "reason": "Forbidden"}
