"""Posture's rules: what of a pod, a template and a Namespace is a hole or a leftover, what is none, how it is told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from portal.mesh.annotations import INJECT, SKIP_INBOUND, SKIP_OUTBOUND, MeshDefaults
from portal.mesh.hole_findings import ByNamespace, Found, found_of, with_expected
from portal.mesh.holes import Code, Hole, words
from portal.mesh.holes_of_pods import Tally
from portal.mesh.holes_of_template import makers_of, sight_of
from portal.mesh.holes_of_workload import seen_of
from portal.mesh.injection import DEFAULT_WEBHOOK, inject
from portal.mesh.ports import Ports
from portal.mesh.want import Want
from portal.mesh.weakness import Weakness
from portal.mesh.weaknesses import Yardstick, of_namespace, of_pod, of_template

CONFIG = "config.linkerd.io/"
DEFAULTS = MeshDefaults(version="edge-26.6.3", trust_root_sha256="new", default_inbound_policy="cluster-authenticated")
YARD = Yardstick(DEFAULTS, DEFAULT_WEBHOOK, "new")
Object = dict[str, Any]


def namespace(annotations: dict[str, str] | None = None, labels: dict[str, str] | None = None) -> Object:
    said = {INJECT: "enabled"} if annotations is None else annotations
    return {"kind": "Namespace", "metadata": {"name": "shop", "annotations": said, "labels": labels or {}}}


def template(annotations: dict[str, str] | None = None, labels: dict[str, str] | None = None, **spec: Any) -> Object:
    containers = spec.pop("containers", [{"name": "app", "image": "app:1"}])
    return {
        "metadata": {"annotations": annotations or {}, "labels": labels or {}},
        "spec": {"containers": containers, **spec},
    }


def pod(thing: Object, around: Object, **metadata: Any) -> Object:
    made = inject({**thing, "metadata": {**thing["metadata"], "name": "p", "namespace": "shop"}}, around, DEFAULTS)
    return {**made, "metadata": {**made["metadata"], **metadata}, "status": {"phase": "Running"}}


def deployment(thing: Object) -> Object:
    return {"kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"template": thing}}


HOLES = [
    (Code.SKIP_INBOUND, template({SKIP_INBOUND: "4567,4568,8080"}), "8080"),
    (Code.SKIP_INBOUND, template({SKIP_INBOUND: "eighty"}), "eighty"),
    (Code.SKIP_OUTBOUND, template({SKIP_OUTBOUND: "443"}), "443"),
    (Code.SKIP_SUBNETS, template({f"{CONFIG}skip-subnets": "10.0.0.0/8"}), "10.0.0.0/8"),
    (Code.PROXY_USER, template({f"{CONFIG}proxy-uid": "1000"}), "1000"),
    (Code.PROXY_USER, template({f"{CONFIG}proxy-gid": "1000"}), "1000"),
    (Code.PROXY_USER, template(securityContext={"runAsUser": 2102}), "2102"),
    (Code.PROXY_USER, template(containers=[{"name": "a", "securityContext": {"runAsUser": 2102}}]), "2102"),
    (Code.PROXY_ENVIRONMENT, template({f"{CONFIG}proxy-additional-env": '[{"name":"A","value":"b"}]'}), "A"),
    (Code.PROXY_IMAGE, template({f"{CONFIG}proxy-image": "mine/proxy"}), "mine/proxy"),
    (Code.PROXY_IMAGE, template({f"{CONFIG}proxy-version": "edge-25.1.1"}), "edge-25.1.1"),
    (Code.PROXY_PORTS, template({f"{CONFIG}inbound-port": "4999"}), "4999"),
    (Code.PROXY_PORTS, template({f"{CONFIG}outbound-port": "4999"}), "4999"),
    (Code.PROXY_PORTS, template({f"{CONFIG}enable-gateway": "true"}), "true"),
    (Code.WEAKER_POLICY, template({f"{CONFIG}default-inbound-policy": "all-unauthenticated"}), "all-unauthenticated"),
    (Code.WEAKER_POLICY, template({f"{CONFIG}default-inbound-policy": "all-authenticated"}), "all-authenticated"),
    (Code.WEAKER_POLICY, template({f"{CONFIG}default-inbound-policy": "audit"}), "audit"),
    (Code.DEBUG, template({f"{CONFIG}enable-debug-sidecar": "T"}), "linkerd-debug"),
    (Code.UNMESHED, template({INJECT: "disabled"}), "disabled"),
    (Code.UNMESHED, template({INJECT: "Enabled"}), "no valid value"),
    (Code.UNMESHED, template({INJECT: "true"}), "no valid value"),
    (Code.HOST_NETWORK, template(hostNetwork=True), "hostNetwork"),
    (
        Code.DECOY,
        template(containers=[{"name": "app"}, {"name": "linkerd-proxy", "image": "busybox"}]),
        "linkerd-proxy",
    ),
    (Code.DECOY, template(containers=[{"name": "istio-proxy"}]), "istio-proxy"),
    (Code.DECOY, template(initContainers=[{"name": "linkerd-init", "image": "busybox"}]), "linkerd-init"),
    (Code.DECOY, template(initContainers=[{"name": "istio-init"}]), "istio-init"),
    (Code.WEBHOOK_OFF, template(labels={"linkerd.io/control-plane-component": ""}), "control-plane-component"),
    (Code.WEBHOOK_OFF, template(labels={"linkerd.io/cni-resource": "yes"}), "cni-resource"),
]
HARMLESS = [
    template(),
    template({SKIP_INBOUND: "4567-4568", SKIP_OUTBOUND: ""}),
    template({SKIP_INBOUND: "4567,4190"}),
    template({f"{CONFIG}skip-subnets": "", f"{CONFIG}proxy-uid": "2102", f"{CONFIG}proxy-gid": "2102"}),
    template({f"{CONFIG}proxy-additional-env": "", f"{CONFIG}proxy-version": "edge-26.6.3"}),
    template({f"{CONFIG}inbound-port": "4143", f"{CONFIG}outbound-port": "4140", f"{CONFIG}enable-gateway": "false"}),
    template({f"{CONFIG}default-inbound-policy": "deny"}),
    template({f"{CONFIG}default-inbound-policy": "cluster-authenticated"}),
    template({f"{CONFIG}default-inbound-policy": "nonsense"}),
    template({f"{CONFIG}enable-debug-sidecar": "yes"}),
    template({f"{CONFIG}opaque-ports": "3306"}),
    template({INJECT: "enabled"}),
    template({INJECT: "ingress"}),
    template({INJECT: ""}),
    template(securityContext={"runAsUser": 1000}),
    template(securityContext={"runAsUser": 2102}, containers=[{"name": "app", "securityContext": {"runAsUser": 1000}}]),
    template(containers=[{"name": "app"}, {"name": "proxy"}]),
]


@pytest.mark.parametrize(("code", "thing", "says"), HOLES)
def test_a_template_and_the_pods_of_it_show_the_same_hole(code: Code, thing: Object, says: str) -> None:
    for found in (of_template(thing, namespace(), YARD), of_pod(pod(thing, namespace()), namespace(), YARD)):
        (one,) = found
        assert one.code is code
        assert says in f"{one.what} {one.value}"


@pytest.mark.parametrize("thing", HARMLESS)
def test_what_weakens_nothing_is_no_hole(thing: Object) -> None:
    assert of_template(thing, namespace(), YARD) == frozenset()
    assert of_pod(pod(thing, namespace()), namespace(), YARD) == frozenset()


@pytest.mark.parametrize(
    ("around", "code", "what"),
    [
        (namespace({}), Code.UNMESHED, "injection_enable_annotation_absent"),
        (namespace({INJECT: "disabled"}), Code.UNMESHED, "injection_enable_annotation_absent"),
        (namespace({INJECT: "on"}), Code.UNMESHED, "invalid_inject_annotation_at_ns"),
        (
            namespace(labels={f"{CONFIG}admission-webhooks": "disabled"}),
            Code.WEBHOOK_OFF,
            "webhook_skips_namespace",
        ),
    ],
)
def test_what_the_namespace_keeps_from_being_meshed_is_its_own_hole(around: Object, code: Code, what: str) -> None:
    own, shared = told(template(), around)
    assert own == []
    (hole,) = shared
    assert (hole.kind, hole.name, hole.code) == ("namespace", "shop", code)
    assert hole.detail["values"][0][0] == what
    assert (hole.detail["workloads"], hole.detail["open"], hole.explained) == (1, 1, False)


def test_an_invalid_value_on_the_namespace_overrides_the_pods_own_enabled() -> None:
    _, (hole,) = told(template({INJECT: "enabled"}), namespace({INJECT: "yes"}))
    assert hole.detail["values"] == [
        ["invalid_inject_annotation_at_ns", f'{INJECT} of the namespace is "yes", which is no valid value']
    ]


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        (SKIP_INBOUND, "3306", Code.SKIP_INBOUND),
        (f"{CONFIG}skip-subnets", "10.0.0.0/8", Code.SKIP_SUBNETS),
        (f"{CONFIG}enable-debug-sidecar", "true", Code.DEBUG),
        (f"{CONFIG}default-inbound-policy", "all-unauthenticated", Code.WEAKER_POLICY),
    ],
)
@pytest.mark.parametrize("pods", [0, 2])
def test_what_pods_take_from_the_namespace_is_told_on_it(key: str, value: str, code: Code, pods: int) -> None:
    around = namespace({INJECT: "enabled", key: value})
    own, (hole,) = told(template(), around, pods=pods)
    assert own == []
    assert (hole.kind, hole.code, hole.detail["named"]) == ("namespace", code, ["deployment/web"])
    # A key of its own, even an empty one, hides the namespace's.
    assert told(template({key: ""}), around, pods=pods) == ([], [])


def test_the_gateway_is_not_inherited() -> None:
    assert told(template(), namespace({INJECT: "enabled", f"{CONFIG}enable-gateway": "true"})) == ([], [])


def test_a_cluster_without_an_injector_is_told_on_the_namespace() -> None:
    (found,) = of_template(template(), namespace(), Yardstick(DEFAULTS, {}))
    assert (found.code, found.what) == (Code.UNMESHED, "webhook_absent")


def test_a_label_and_a_container_alone_are_no_proxy() -> None:
    decoy = template(labels={"linkerd.io/control-plane-ns": "linkerd"}, containers=[{"name": "linkerd-proxy"}])
    (found,) = of_pod(decoy, namespace(), YARD)
    assert found.code is Code.DECOY


@pytest.mark.parametrize(
    ("annotations", "viz_since", "code"),
    [
        ({"viz.linkerd.io/tap-enabled": "true"}, None, Code.TAP_LEFT),
        ({"viz.linkerd.io/tap-enabled": "true"}, datetime(2026, 3, 2, tzinfo=UTC), Code.TAP_LEFT),
        ({"viz.linkerd.io/tap-enabled": "true"}, datetime(2026, 2, 28, tzinfo=UTC), None),
        ({"linkerd.io/trust-root-sha256": "old"}, None, Code.STALE_ROOT),
        ({"linkerd.io/trust-root-sha256": "new"}, None, None),
        ({"linkerd.io/proxy-version": "edge-26.6.2"}, None, Code.OLD_PROXY),
        ({"linkerd.io/proxy-version": "stable-2.14.10"}, None, Code.OLD_PROXY),
        ({"linkerd.io/proxy-version": "version-2.20"}, None, None),
        ({"linkerd.io/proxy-version": "mine"}, None, Code.OLD_PROXY),
    ],
)
def test_leftovers_ask_for_no_ticket(
    annotations: dict[str, str], viz_since: datetime | None, code: Code | None
) -> None:
    running = pod(template(), namespace())
    metadata = {**running["metadata"], "creationTimestamp": "2026-03-01T00:00:00Z"}
    running["metadata"] = {**metadata, "annotations": {**metadata["annotations"], **annotations}}
    found = of_pod(running, namespace(), Yardstick(DEFAULTS, DEFAULT_WEBHOOK, "new", viz_since))
    assert [one.code for one in found] == ([code] if code else [])
    assert all(Hole(one.code).leftover for one in found)


def test_a_proxy_older_by_a_patch_of_its_release_is_told() -> None:
    running = pod(template(), namespace())
    running["metadata"]["annotations"]["linkerd.io/proxy-version"] = "stable-2.14.9"
    yard = Yardstick(MeshDefaults(version="stable-2.14.10"), DEFAULT_WEBHOOK)
    assert [one.code for one in of_pod(running, namespace(), yard)] == [Code.OLD_PROXY]


def told(
    thing: Object,
    around: Object,
    *,
    pods: int = 0,
    granted: dict[int, Want] | None = None,
    running: Object | None = None,
) -> tuple[list[Found], list[Found]]:
    """The holes of deployment/web and of its namespace; its pods are of `running`, or of its template."""
    tally, shared = Tally(), ByNamespace()
    for _ in range(pods):
        tally.add(pod(running or thing, around), around, YARD)
    seen = seen_of(sight_of(deployment(thing), around, YARD), tally, of_namespace(around, YARD))
    own = list(found_of("deployment", "web", seen, granted or {}))
    shared.add("deployment", "web", seen, granted or {})
    return own, list(shared.found(around))


def test_pods_count_and_the_template_only_where_there_are_none() -> None:
    weak = template({SKIP_INBOUND: "8080"})
    assert told(weak, namespace(), pods=2, running=template()) == ([], [])
    ((hole,), _) = told(template(), namespace(), pods=2, running=weak)
    assert (hole.detail["pods"], hole.detail["of"], hole.detail["before"]) == (2, 2, True)
    ((hole,), _) = told(weak, namespace())
    assert (hole.detail["ports"], hole.detail["of"], "before" in hole.detail) == ("8080", 0, False)


def test_finished_pods_do_not_count() -> None:
    tally = Tally()
    tally.add({**pod(template({INJECT: "disabled"}), namespace()), "status": {"phase": "Succeeded"}}, namespace(), YARD)
    assert (tally.pods, tally.shown) == (0, {})


@pytest.mark.parametrize(
    ("thing", "granted", "tickets", "whole", "left"),
    [
        (template({SKIP_INBOUND: "8080,9000"}), {}, (), False, ""),
        (template({SKIP_INBOUND: "8080,9000"}), {7: Want(skip_inbound=Ports.of(8080))}, (7,), False, "9000"),
        (template({SKIP_INBOUND: "8080"}), {7: Want(skip_outbound=Ports.of(8080))}, (), False, ""),
        (
            template({SKIP_INBOUND: "8080,9000"}),
            {7: Want(skip_inbound=Ports.of(8080)), 8: Want(skip_inbound=Ports.of(9000))},
            (7, 8),
            True,
            "",
        ),
        (template({SKIP_OUTBOUND: "443"}), {7: Want(skip_outbound=Ports.of(443, 80))}, (7,), True, ""),
        (template({SKIP_INBOUND: "eighty"}), {7: Want(skip_inbound=Ports.of(80))}, (), False, ""),
        (template({INJECT: "disabled"}), {7: Want.of_setting(INJECT)}, (7,), True, ""),
        (template({INJECT: "disabled"}), {7: Want(skip_inbound=Ports.of(80))}, (), False, ""),
        (template(hostNetwork=True), {7: Want.of_setting(INJECT)}, (7,), True, ""),
        (
            template({f"{CONFIG}enable-debug-sidecar": "true"}),
            {7: Want.of_setting(f"{CONFIG}enable-debug-sidecar")},
            (7,),
            True,
            "",
        ),
        (template({f"{CONFIG}skip-subnets": "10.0.0.0/8"}), {7: Want.of_setting(INJECT)}, (), False, ""),
    ],
)
def test_live_tickets_explain_what_they_grant(
    thing: Object, granted: dict[int, Want], tickets: tuple[int, ...], whole: bool, left: str
) -> None:
    ((hole,), _) = told(thing, namespace(), granted=granted)
    assert (hole.tickets, hole.explained, hole.detail.get("left", "")) == (tickets, whole, left)


def test_a_namespaces_hole_is_explained_when_every_workload_is() -> None:
    _, (hole,) = told(template(), namespace({}), granted={7: Want.of_setting(INJECT)})
    assert (hole.tickets, hole.explained, hole.detail["open"]) == ((7,), True, 0)


def test_what_meshdesk_wrote_and_no_ticket_asks_for_is_told_as_such() -> None:
    def by(manager: str, operation: str, time: str, key: str) -> Object:
        fields: Object = {"f:spec": {"f:template": {"f:metadata": {"f:annotations": {f"f:{key}": {}}}}}}
        return {"manager": manager, "operation": operation, "time": time, "fieldsV1": fields}

    obj = deployment(template({SKIP_INBOUND: "8080", f"{CONFIG}skip-subnets": "10.0.0.0/8"}))
    obj["metadata"]["managedFields"] = [
        by("kubectl", "Apply", "2026-03-01T00:00:00Z", SKIP_INBOUND),
        by("meshdesk", "Update", "2026-03-02T00:00:00Z", SKIP_INBOUND),
        by("helm", "Update", "2026-03-03T00:00:00Z", f"{CONFIG}skip-subnets"),
    ]
    seen = seen_of(sight_of(obj, namespace(), YARD), Tally(), frozenset())
    found = {hole.code: hole for hole in found_of("deployment", "web", seen, {})}
    ours, theirs = found[Code.SKIP_INBOUND], found[Code.SKIP_SUBNETS]
    assert ours.maker is not None
    assert (ours.maker.words, ours.maker.at) == ("meshdesk (Update)", datetime(2026, 3, 2, tzinfo=UTC))
    assert ours.detail["ours"] is True
    assert words(ours.code, ours.detail)[0].endswith("Meshdesk wrote it, and no live ticket asks for it.")
    assert theirs.maker is not None
    assert (theirs.maker.words, "ours" in theirs.detail) == ("helm (Update)", False)
    explained = {
        hole.code: hole for hole in found_of("deployment", "web", seen, {7: Want(skip_inbound=Ports.of(8080))})
    }
    assert "ours" not in explained[Code.SKIP_INBOUND].detail


def test_makers_of_what_is_in_the_pods_spec_and_labels() -> None:
    for weakness, steps in (
        (Weakness(Code.HOST_NETWORK, "hostNetwork", ""), {"f:spec": {"f:hostNetwork": {}}}),
        (
            Weakness(Code.DECOY, "linkerd-proxy", ""),
            {"f:spec": {"f:containers": {'k:{"name":"linkerd-proxy"}': {".": {}}}}},
        ),
        (
            Weakness(Code.WEBHOOK_OFF, "linkerd.io/cni-resource", ""),
            {"f:metadata": {"f:labels": {"f:linkerd.io/cni-resource": {}}}},
        ),
    ):
        entry = {"manager": "argocd", "operation": "Apply", "fieldsV1": {"f:spec": {"f:template": steps}}}
        obj = {**deployment(template()), "metadata": {"managedFields": [entry]}}
        assert makers_of(obj, "deployment", [weakness])[weakness].manager == "argocd"


@pytest.mark.parametrize("code", list(Code))
def test_every_code_has_words(code: Code) -> None:
    for where in ({}, {"pods": 1, "of": 3}, {"pods": 3, "of": 3, "before": True}, {"workloads": 2, "named": ["a"]}):
        fact, meaning = words(code, {"values": [["what", "value"]], "ports": "80", **where})
        assert fact.endswith(".")
        assert fact[0] not in " ,;"
        assert meaning.endswith(".")
        assert "  " not in fact + meaning


@pytest.mark.parametrize(
    ("code", "detail", "fact"),
    [
        (
            Code.SKIP_INBOUND,
            {"ports": "8080,9000", "pods": 2, "of": 3, "left": "9000"},
            "Past the proxy go inbound 8080,9000 in 2 of 3 pods. No live ticket explains 9000.",
        ),
        (
            Code.UNMESHED,
            {"values": [["x", "the namespace says so"]], "workloads": 12, "named": ["deployment/a"], "open": 2},
            "No proxy in 12 workloads by the namespace (deployment/a and 11 more): the namespace says so. "
            "No live ticket explains 2 of them.",
        ),
        (
            Code.SKIP_INBOUND,
            {"ports": "3306", "workloads": 2, "named": ["deployment/a", "deployment/b"], "open": 2},
            "Past the proxy go inbound 3306 in 2 workloads by the namespace (deployment/a, deployment/b). "
            "No live ticket explains it.",
        ),
        (
            Code.OLD_PROXY,
            {"values": [["x", "edge-25.1.1"]], "pods": 1, "of": 1, "expected": "edge-26.6.3"},
            "Proxy edge-25.1.1 runs in its only pod; the control plane has edge-26.6.3.",
        ),
    ],
)
def test_facts_say_what_where_and_how_many(code: Code, detail: dict[str, Any], fact: str) -> None:
    assert words(code, detail)[0] == fact


def test_what_is_expected_is_told_beside_it() -> None:
    ((hole,), _) = told(template({f"{CONFIG}default-inbound-policy": "audit"}), namespace())
    assert words(hole.code, with_expected(hole, DEFAULTS).detail)[0].endswith(
        "; the control plane's is cluster-authenticated."
    )
