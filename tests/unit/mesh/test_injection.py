"""Why a pod is not injected, row by row of Linkerd's truth table; and what an injected pod shows."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from portal.mesh.annotations import INJECT, SKIP_INBOUND, SKIP_OUTBOUND, MeshDefaults
from portal.mesh.injection import DEFAULT_WEBHOOK, inject, selects, why_not_injected
from portal.mesh.pods import pod_facts
from tests.unit.mesh.objects import MESHED, container

DEFAULTS = MeshDefaults(version="edge-26.6.3", trust_root_sha256="cafe")


def pod(
    *, annotations: dict[str, str] | None = None, labels: dict[str, str] | None = None, **spec: Any
) -> dict[str, Any]:
    metadata = {"name": "emoji-1", "uid": "p1", "namespace": "emojivoto", "annotations": annotations, "labels": labels}
    return {"metadata": metadata, "spec": {"containers": [container("app", 8080)], **spec}}


def around(value: str | None = "enabled", *, name: str = "emojivoto", **labels: str) -> dict[str, Any]:
    annotations = {} if value is None else {INJECT: value}
    return {"metadata": {"name": name, "annotations": annotations, "labels": labels}}


def codes(made: dict[str, Any], namespace: dict[str, Any], webhook: dict[str, Any] | None = None) -> list[str]:
    return [found.code for found in why_not_injected(pod_template_or_pod=made, namespace=namespace, webhook=webhook)]


ABSENT, DISABLED = "injection_enable_annotation_absent", "injection_disable_annotation_present"
BAD_NAMESPACE, BAD_POD = "invalid_inject_annotation_at_ns", "invalid_inject_annotation_at_workload"


@pytest.mark.parametrize(
    ("namespace", "own", "code"),
    [
        ("enabled", None, None),
        ("enabled", "", None),
        ("enabled", "enabled", None),
        ("enabled", "ingress", None),
        ("ingress", None, None),
        ("enabled", "disabled", DISABLED),
        ("ingress", "disabled", DISABLED),
        ("disabled", "enabled", None),
        (None, "enabled", None),
        ("", "ingress", None),
        (None, None, ABSENT),
        ("", "", ABSENT),
        ("disabled", None, ABSENT),
        ("disabled", "disabled", ABSENT),
        (None, "disabled", ABSENT),
        ("Enabled", "enabled", BAD_NAMESPACE),
        ("true", None, BAD_NAMESPACE),
        ("enabled", "true", BAD_POD),
        (None, "yes", BAD_POD),
    ],
)
def test_the_truth_table(namespace: str | None, own: str | None, code: str | None) -> None:
    made = pod(annotations=None if own is None else {INJECT: own})
    assert codes(made, around(namespace)) == ([] if code is None else [code])


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({"hostNetwork": True}, "host_network_enabled"),
        ({"containers": [container("linkerd-proxy")]}, "sidecar_already_exists"),
        ({"containers": [container("istio-proxy")]}, "sidecar_already_exists"),
        ({"containers": [{"name": "x", "image": "cr.l5d.io/linkerd/proxy:edge"}]}, "sidecar_already_exists"),
        ({"initContainers": [container("linkerd-proxy")]}, "sidecar_already_exists"),
        ({"initContainers": [container("linkerd-init")]}, "sidecar_already_exists"),
        ({"initContainers": [{"name": "x", "image": "gcr.io/istio-release/proxy_init:1"}]}, "sidecar_already_exists"),
    ],
)
def test_pods_that_cannot_have_a_proxy(spec: dict[str, Any], code: str) -> None:
    assert codes(pod(**spec), MESHED) == [code]


def test_a_plain_container_may_be_called_as_the_init_container_is() -> None:
    assert codes(pod(containers=[container("linkerd-init")]), MESHED) == []


def test_every_reason_is_given() -> None:
    assert codes(pod(hostNetwork=True), around(None)) == ["host_network_enabled", ABSENT]


@pytest.mark.parametrize(
    ("namespace", "labels", "code"),
    [
        (around(name="kube-system"), {}, "webhook_skips_namespace"),
        (around(name="cert-manager"), {}, "webhook_skips_namespace"),
        (around(**{"config.linkerd.io/admission-webhooks": "disabled"}), {}, "webhook_skips_namespace"),
        (around(), {"linkerd.io/control-plane-component": "identity"}, "webhook_skips_pod"),
        (around(), {"linkerd.io/cni-resource": "true"}, "webhook_skips_pod"),
    ],
)
def test_pods_that_the_webhook_is_never_called_for(
    namespace: dict[str, Any], labels: dict[str, str], code: str
) -> None:
    assert codes(pod(labels=labels), namespace) == [code]


def test_the_live_webhook_decides_not_the_chart() -> None:
    live = copy.deepcopy(DEFAULT_WEBHOOK)
    live["webhooks"][0]["namespaceSelector"] = {"matchLabels": {"mesh": "on"}}
    assert codes(pod(), around(), live) == ["webhook_skips_namespace"]
    assert codes(pod(), around(mesh="on"), live) == []
    assert codes(pod(), around(name="kube-system", mesh="on"), live) == []


@pytest.mark.parametrize("webhook", [{}, {"webhooks": []}, {"webhooks": None}])
def test_without_a_webhook_nothing_is_injected(webhook: dict[str, Any]) -> None:
    assert codes(pod(), MESHED, webhook) == ["webhook_absent"]


@pytest.mark.parametrize(
    ("expression", "labels", "expected"),
    [
        ({"key": "a", "operator": "In", "values": ["1"]}, {"a": "1"}, True),
        ({"key": "a", "operator": "In", "values": ["1"]}, {}, False),
        ({"key": "a", "operator": "NotIn", "values": ["1"]}, {}, True),
        ({"key": "a", "operator": "NotIn", "values": ["1"]}, {"a": "1"}, False),
        ({"key": "a", "operator": "Exists"}, {"a": ""}, True),
        ({"key": "a", "operator": "DoesNotExist"}, {"a": ""}, False),
    ],
)
def test_selectors_select(expression: dict[str, Any], labels: dict[str, str], expected: bool) -> None:
    assert selects({"matchExpressions": [expression]}, labels) is expected
    assert selects(None, labels)
    assert selects({}, labels)


def test_an_injected_pod_shows_what_linkerd_shows() -> None:
    owner = {"kind": "ReplicaSet", "name": "emoji-abc", "controller": True}
    before = pod(annotations={SKIP_INBOUND: "8080"}, labels={"pod-template-hash": "abc"})
    before["metadata"]["ownerReferences"] = [owner]
    kept = copy.deepcopy(before)
    namespace = {
        "metadata": {
            "name": "emojivoto",
            "annotations": {
                INJECT: "enabled",
                SKIP_INBOUND: "1",
                SKIP_OUTBOUND: "5000",
                "config.linkerd.io/debug-image": "mine",
                "owner": "somebody",
            },
        }
    }
    after = inject(before, namespace, DEFAULTS)
    assert before == kept, "the pod that was given is left alone"
    assert after["metadata"]["annotations"] == {
        SKIP_INBOUND: "8080",
        SKIP_OUTBOUND: "5000",
        "linkerd.io/created-by": "linkerd/proxy-injector edge-26.6.3",
        "linkerd.io/proxy-version": "edge-26.6.3",
        "linkerd.io/trust-root-sha256": "cafe",
    }
    assert after["metadata"]["labels"] == {
        "pod-template-hash": "abc",
        "linkerd.io/control-plane-ns": "linkerd",
        "linkerd.io/workload-ns": "emojivoto",
        "linkerd.io/proxy-deployment": "emoji",
    }
    facts = pod_facts(after)
    assert facts.meshed
    assert (facts.skip_inbound, facts.skip_outbound) == ("8080", "5000")
    assert facts.containers == ("linkerd-proxy", "app")
    assert facts.proxy_version == "edge-26.6.3"


def test_the_init_container_always_leaves_the_control_ports_out() -> None:
    [init, _] = inject(pod(), MESHED, DEFAULTS)["spec"]["initContainers"]
    assert init["name"] == "linkerd-init"
    assert init["args"][-4:] == [
        "--inbound-ports-to-ignore",
        "4190,4191,4567,4568",
        "--outbound-ports-to-ignore",
        "4567,4568",
    ]
    [init, _] = inject(pod(annotations={SKIP_INBOUND: "", SKIP_OUTBOUND: ""}), MESHED, DEFAULTS)["spec"][
        "initContainers"
    ]
    assert init["args"][-2:] == ["--inbound-ports-to-ignore", "4190,4191"]


@pytest.mark.parametrize(
    ("annotations", "native", "is_native"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"config.linkerd.io/proxy-enable-native-sidecar": "false"}, True, False),
        ({"config.alpha.linkerd.io/proxy-enable-native-sidecar": "true"}, False, True),
        (
            {
                "config.alpha.linkerd.io/proxy-enable-native-sidecar": "true",
                "config.linkerd.io/proxy-enable-native-sidecar": "0",
            },
            True,
            False,
        ),
    ],
)
def test_the_proxy_is_where_the_annotations_say(annotations: dict[str, str], native: bool, is_native: bool) -> None:
    spec = inject(pod(annotations=annotations), MESHED, MeshDefaults(native_sidecar=native))["spec"]
    assert ("linkerd-proxy" in [one["name"] for one in spec["initContainers"]]) is is_native
    assert (spec["containers"][0]["name"] == "linkerd-proxy") is not is_native


@pytest.mark.parametrize(("value", "there"), [("true", True), ("1", True), ("yes", False), ("false", False)])
def test_the_debug_container_is_a_plain_one(value: str, there: bool) -> None:
    made = inject(pod(annotations={"config.linkerd.io/enable-debug-sidecar": value}), MESHED, DEFAULTS)
    assert ("linkerd-debug" in [one["name"] for one in made["spec"]["containers"]]) is there


def test_with_the_cni_plugin_there_is_no_init_container() -> None:
    made = inject(pod(annotations={SKIP_INBOUND: "8080, 443"}), MESHED, MeshDefaults(cni=True))
    assert made["spec"]["initContainers"][0]["name"] == "linkerd-network-validator"
    facts = pod_facts(made)
    assert (facts.skip_inbound, facts.skip_outbound) == ("443,8080", None)


def test_a_pod_that_is_not_injected_is_left_as_it_is() -> None:
    made = pod(annotations={INJECT: "disabled"})
    assert inject(made, MESHED, DEFAULTS) == made
    assert not pod_facts(made).meshed


def test_owners_are_named_only_where_there_is_one() -> None:
    made = pod()
    made["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "report-1"}]
    assert inject(made, MESHED, DEFAULTS)["metadata"]["labels"]["linkerd.io/proxy-job"] == "report-1"
    made["metadata"]["ownerReferences"] *= 2
    assert "linkerd.io/proxy-job" not in inject(made, MESHED, DEFAULTS)["metadata"]["labels"]
