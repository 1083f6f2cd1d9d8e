"""What can go wrong on a real cluster, for tests: policies that deny, users who may do only what was granted."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence

from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic.exceptions import DynamicApiError

from tests.controlplane.client import wait_for
from tests.controlplane.harness import ControlPlane

ADMISSION = "admissionregistration.k8s.io/v1"
RBAC = "rbac.authorization.k8s.io/v1"
PROBE = "meshdesk.test/probe"


@contextlib.contextmanager
def denied_updates(plane: ControlPlane, namespace: str, message: str) -> Iterator[None]:
    """Inside, a ValidatingAdmissionPolicy refuses each update of a workload of that namespace, with that message."""
    name = f"deny-{namespace}"
    probe = _add_probe(plane, namespace)
    plane.client.apply(_policy(name, message))
    plane.client.apply(_binding(name, namespace))
    try:
        wait_for(lambda: _denied(plane, namespace, probe), f"policy {name} denying")
        yield
    finally:
        plane.client.delete("ValidatingAdmissionPolicyBinding", name)
        plane.client.delete("ValidatingAdmissionPolicy", name)
        wait_for(lambda: not _denied(plane, namespace, probe), f"policy {name} gone")
        plane.client.delete("CronJob", probe, namespace)


def grant(
    plane: ControlPlane, user: str, rules: Sequence[dict[str, list[str]]], *, namespace: str | None = None
) -> None:
    """Let the user do what the RBAC rules say, in one namespace or (None) everywhere; the last grant counts."""
    kind = "Role" if namespace else "ClusterRole"
    metadata = {"name": f"test-{user}", **({"namespace": namespace} if namespace else {})}
    plane.client.apply({"apiVersion": RBAC, "kind": kind, "metadata": metadata, "rules": list(rules)})
    subject = {"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}
    role = {"kind": kind, "name": metadata["name"], "apiGroup": "rbac.authorization.k8s.io"}
    binding = {
        "apiVersion": RBAC,
        "kind": f"{kind}Binding",
        "metadata": metadata,
        "roleRef": role,
        "subjects": [subject],
    }
    plane.client.apply(binding)


def _policy(name: str, message: str) -> dict[str, object]:
    matched = [
        {"apiGroups": [group], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": resources}
        for group, resources in (("apps", ["deployments", "statefulsets", "daemonsets"]), ("batch", ["cronjobs"]))
    ]
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": matched},
        "validations": [{"expression": "false", "message": message}],
    }
    return {"apiVersion": ADMISSION, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name}, "spec": spec}


def _binding(name: str, namespace: str) -> dict[str, object]:
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    spec = {"policyName": name, "validationActions": ["Deny"], "matchResources": {"namespaceSelector": selector}}
    return {
        "apiVersion": ADMISSION,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": spec,
    }


def _add_probe(plane: ControlPlane, namespace: str) -> str:
    """A CronJob that never runs: whether it can be written tells whether the policy counts already."""
    pod = {"restartPolicy": "Never", "containers": [{"name": "probe", "image": "test/probe:v1"}]}
    spec = {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": {"template": {"spec": pod}}}}
    metadata = {"name": "admission-probe", "namespace": namespace}
    plane.client.apply({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec})
    return metadata["name"]


def _denied(plane: ControlPlane, namespace: str, probe: str) -> bool:
    try:
        value = plane.client.get("CronJob", probe, namespace)["metadata"]["resourceVersion"]
        plane.client.patch("CronJob", probe, namespace, {"metadata": {"annotations": {PROBE: value}}})
    except (ApiException, DynamicApiError) as error:
        if error.status not in (403, 422):
            raise
        return True
    return False


@contextlib.contextmanager
def added_label(plane: ControlPlane, namespace: str, deployment: str) -> Iterator[None]:
    """Inside, a MutatingAdmissionPolicy puts a label on the pod template of each Deployment of that namespace."""
    name = f"label-{namespace}"[:63]
    labels = 'Object.spec.template.metadata{labels: {"added": "by-a-policy"}}'
    patch = f"Object{{spec: Object.spec{{template: Object.spec.template{{metadata: {labels}}}}}}}"
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["deployments"]}
    spec = {
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "matchConstraints": {"resourceRules": [rule]},
        "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": patch}}],
    }
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    bound = {"policyName": name, "matchResources": {"namespaceSelector": selector}}
    for kind, body in (("MutatingAdmissionPolicy", spec), ("MutatingAdmissionPolicyBinding", bound)):
        plane.client.apply({"apiVersion": ADMISSION, "kind": kind, "metadata": {"name": name}, "spec": body})
    try:
        wait_for(lambda: _labelled(plane, namespace, deployment), f"policy {name} adding a label")
        yield
    finally:
        plane.client.delete("MutatingAdmissionPolicyBinding", name)
        plane.client.delete("MutatingAdmissionPolicy", name)
        wait_for(lambda: not _labelled(plane, namespace, deployment), f"policy {name} gone")


def _labelled(plane: ControlPlane, namespace: str, deployment: str) -> bool:
    """Whether a write that is only rehearsed would get the label."""
    body = {"metadata": {"annotations": {PROBE: str(time.monotonic_ns())}}}
    answer = plane.client.patch("Deployment", deployment, namespace, body, dry_run=True)
    return "added" in answer["spec"]["template"]["metadata"]["labels"]
