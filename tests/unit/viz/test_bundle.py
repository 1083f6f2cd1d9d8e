"""The bundle: what is read, what is stripped, and what is refused with its file and object."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import yaml

from portal.mesh.viz.bundle import Bundle, BundleError, read_bundle
from tests.unit.viz.bundles import PRACTICE, Objects, fixture, named, objects, practice, problems, text

SECRET = ("Secret", "tap-k8s-tls")


def test_the_practice_bundle_can_be_used_as_it_is() -> None:
    found = practice()
    assert (len(found.objects), found.namespace, found.open_dashboard) == (47, "linkerd-viz", False)
    assert Bundle.from_json(json.loads(json.dumps(found.to_json()))) == found


@pytest.mark.rendering
@pytest.mark.parametrize(
    ("name", "count", "open_dashboard"), [("viz.yaml", 52, True), ("viz-restricted.yaml", 47, False)]
)
def test_a_real_rendering_can_be_used_as_it_is(name: str, count: int, open_dashboard: bool) -> None:
    found = read_bundle({name: fixture(name)})
    assert (len(found.objects), found.open_dashboard) == (count, open_dashboard)


@pytest.mark.rendering
def test_the_practice_bundle_has_the_objects_of_a_real_one_with_the_same_rights() -> None:
    real = read_bundle({"viz.yaml": fixture("viz-restricted.yaml")})

    def rights(bundle: Bundle) -> list[tuple[object, ...]]:
        names = [(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) for one in bundle.objects]
        return [
            (*name, one.get("rules"), one.get("roleRef"), one.get("subjects"))
            for name, one in zip(names, bundle.objects, strict=True)
        ]

    assert rights(practice()) == rights(real)


def as_list(found: Objects) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": found})


def as_json_values(found: Objects) -> str:
    return "\n".join(json.dumps(obj, indent=2) for obj in found)


@pytest.mark.parametrize("written", [text, as_list, as_json_values, lambda found: text(found[::-1])])
def test_the_same_objects_are_the_same_bundle_however_they_are_written(written: Callable[[Objects], str]) -> None:
    assert read_bundle({"all.json": written(objects())}) == practice()


def test_several_files_are_one_bundle() -> None:
    found = objects()
    assert read_bundle({"b.yaml": text(found[:20]), "a.yaml": text(found[20:]), "empty.yaml": "---\n"}) == practice()


def with_keys(found: Objects, word: str) -> None:
    for name in ("tap-k8s-tls", "tap-injector-k8s-tls"):
        named(found, "Secret", name).update(data={"tls.crt": word, "tls.key": word}, stringData={"x": word})
    named(found, "APIService", "v1alpha1.tap.linkerd.io")["spec"]["caBundle"] = word
    named(found, "MutatingWebhookConfiguration", "linkerd-tap-injector-webhook-config")["webhooks"][0]["clientConfig"][
        "caBundle"
    ] = word
    template = named(found, "Deployment", "tap")["spec"]["template"]
    template["metadata"]["annotations"]["checksum/config"] = word


def test_keys_and_certificates_are_left_out_so_each_rendering_is_the_same_bundle() -> None:
    found = objects()
    with_keys(found, "c2VjcmV0IHdvcmQ=")
    read = read_bundle({"viz.yaml": text(found)})
    assert "c2VjcmV0IHdvcmQ=" not in json.dumps(read.to_json())
    assert read == practice()


def test_what_a_rendering_leaves_out_is_added() -> None:
    left_out = [("Namespace", "linkerd-viz"), SECRET, ("Secret", "tap-injector-k8s-tls")]
    found = [obj for obj in objects() if (obj["kind"], obj["metadata"]["name"]) not in left_out]
    read = list(read_bundle({"viz.yaml": text(found)}).objects)
    assert len(read) == 47
    assert named(read, "Namespace", "linkerd-viz")["metadata"]["labels"] == {
        "linkerd.io/extension": "viz",
        "pod-security.kubernetes.io/enforce": "privileged",
    }
    assert named(read, *SECRET)["type"] == "kubernetes.io/tls"


def test_another_object_is_another_digest() -> None:
    found = objects()
    named(found, "Deployment", "tap")["spec"]["replicas"] = 2
    assert read_bundle({"viz.yaml": text(found)}).digest != practice().digest


def extra(kind: str = "ConfigMap", name: str = "extra", api: str = "v1", **more: object) -> dict[str, object]:
    metadata = {"name": name, "namespace": "linkerd-viz", "labels": {"linkerd.io/extension": "viz"}}
    return {"apiVersion": api, "kind": kind, "metadata": {**metadata, **more}}


def change(kind: str, name: str, **values: object) -> Callable[[Objects], object]:
    return lambda found: named(found, kind, name).update(values)


def mark(kind: str, name: str, **values: object) -> Callable[[Objects], object]:
    return lambda found: named(found, kind, name)["metadata"].update(values)


def move_api(found: Objects) -> None:
    named(found, "APIService", "v1alpha1.tap.linkerd.io")["spec"]["service"]["namespace"] = "elsewhere"


API = "APIService v1alpha1.tap.linkerd.io"
TAP_ADMIN = "linkerd-linkerd-viz-tap-admin"
HOOK = {"helm.sh/hook": "post-install"}
CA = {"cert-manager.io/inject-ca-from": "linkerd-viz/tap"}
RBAC = "rbac.authorization.k8s.io/v1"
WEBHOOK = ("MutatingWebhookConfiguration", "linkerd-tap-injector-webhook-config")
BY_URL = {"clientConfig": {"url": "https://x"}}
CONTROL_PLANE = {"linkerd.io/extension": "viz", "linkerd.io/is-control-plane": "true"}
ANOTHER_API = extra("APIService", "v1.apps", "apiregistration.k8s.io/v1", namespace=None)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (lambda found: found.append(extra(labels={})), "ConfigMap extra in linkerd-viz has no label linkerd.io/ext"),
        (lambda found: found.append(extra(annotations=HOOK)), "ConfigMap extra in linkerd-viz is a Helm hook"),
        (lambda found: found.append(extra(name="")), "needs metadata.name"),
        (lambda found: found.append(extra(name="", generateName="x-")), "ConfigMap x- has generateName"),
        (lambda found: found.append(extra(uid="1")), "ConfigMap extra in linkerd-viz carries uid"),
        (lambda found: found.append(extra(resourceVersion="1")), "carries resourceVersion"),
        (lambda found: found.append(extra(finalizers=["x"])), "carries finalizers"),
        (lambda found: found.append({**extra(), "status": {"x": 1}}), "carries status"),
        (lambda found: found.append(extra(namespace=None)), "ConfigMap extra names no namespace"),
        (lambda found: found.append(extra("ClusterRole", api=RBAC)), "names a namespace and can have none"),
        (lambda found: found.append(extra("Ingress", api="networking.k8s.io/v1")), "would open to others"),
        (lambda found: found.append(extra("Endpoints")), "is of a kind (v1) that Meshdesk cannot install"),
        (lambda found: found.append(extra(namespace="kube-system")), "lies outside Viz's namespace"),
        (lambda found: found.append(extra("RoleBinding", "web", RBAC, namespace="kube-system")), "lies outside"),
        (lambda found: found.append(extra("Role", "other", RBAC, namespace="linkerd")), "lies outside"),
        (lambda found: found.append(extra("Secret")), "Secret extra in linkerd-viz is none of the two Secrets"),
        (lambda found: found.append({**extra(), "data": {"k": "-----BEGIN PRIVATE KEY-----"}}), "a private key"),
        (lambda found: found.append(named(found, *SECRET)), "stands in viz.yaml already"),
        (lambda found: found.append(extra("Namespace", "more", namespace=None)), "is a second Namespace beside"),
        (lambda found: found.append(ANOTHER_API), "is no part of Viz"),
        (lambda found: found.append("words"), "viz.yaml: document 48 is no object"),
        (lambda found: found.append(extra(labels={"x": 1})), "needs text for each of its labels"),
        (change("ClusterRole", "linkerd-tap-injector", rules=["x"]), "needs a list of objects under rules"),
        (change("Deployment", "tap", spec="x"), "needs keys with values under spec"),
        (mark("Namespace", "linkerd-viz", labels=CONTROL_PLANE), "carries a label of Linkerd's control plane"),
        (lambda found: found.remove(named(found, "APIService", "v1alpha1.tap.linkerd.io")), f"{API} is missing"),
        (lambda found: found.remove(named(found, *WEBHOOK)), "linkerd-tap-injector-webhook-config is missing"),
        (lambda found: found.remove(named(found, "Service", "tap")), f"{API} calls Service tap, which is not in"),
        (lambda found: found.remove(named(found, "ClusterRole", TAP_ADMIN)), "nobody could be given the right to tap"),
        (move_api, f"{API} calls a Service in namespace elsewhere"),
        (mark("APIService", "v1alpha1.tap.linkerd.io", annotations=CA), "has an annotation of cert-manager"),
        (change("APIService", "v1alpha1.tap.linkerd.io", spec={}), f"{API} needs spec.service"),
        (change(*WEBHOOK, webhooks=[BY_URL]), "needs webhooks, each with clientConfig.service"),
    ],
)  # fmt: skip
def test_what_could_not_be_taken_away_again_is_refused(changed: Callable[[Objects], object], said: str) -> None:
    found = problems(changed)
    assert [one for one in found if said in one], found


def test_all_problems_are_said_at_once_with_their_file() -> None:
    with pytest.raises(BundleError) as refused:
        read_bundle({"a.yaml": PRACTICE, "b.yaml": text([extra(labels={})]), "c.yaml": "{", "d.yaml": "a: ["})  # type: ignore[list-item]
    found = refused.value.problems
    assert [one.split(":")[0] for one in found] == ["c.yaml", "d.yaml", "b.yaml"]
    assert "line 2" in found[1]


def test_nothing_is_no_bundle() -> None:
    with pytest.raises(BundleError, match="There is no object in it"):
        read_bundle({"viz.yaml": ""})


@pytest.mark.parametrize("name", ["ConfigMap/extra", "ConfigMap/kube-system/extra"])
def test_a_listed_object_needs_no_label_and_may_lie_elsewhere(name: str) -> None:
    def add(found: Objects) -> None:
        found.append(extra(labels={}, namespace="kube-system"))

    assert problems(add, listed=[name]) == []
    assert problems(listed=[name]) == [f"`listed` names {name}, which is not in the bundle: take it out."]


def test_a_listed_secret_may_not_hold_data() -> None:
    def add(found: Objects) -> None:
        found.append({**extra("Secret"), "data": {"password": "eA=="}})

    (only,) = problems(add, listed=["Secret/extra"])
    assert "holds data, which Meshdesk would have to keep" in only


@pytest.mark.parametrize("namespace", ["linkerd", "kube-system", "default"])
def test_viz_may_not_live_where_something_else_does(namespace: str) -> None:
    found = yaml.safe_load_all(PRACTICE.replace("linkerd-viz\n", f"{namespace}\n"))
    with pytest.raises(BundleError, match=f"Viz is to live in {namespace}"):
        read_bundle({"viz.yaml": text(list(found))})


def test_the_control_plane_may_have_another_name() -> None:
    with pytest.raises(BundleError, match="Role web in linkerd lies outside"):
        read_bundle({"viz.yaml": PRACTICE}, control_plane="mesh")
    assert read_bundle(
        {"viz.yaml": PRACTICE.replace("namespace: linkerd\n", "namespace: mesh\n")}, control_plane="mesh"
    )


def test_a_rendering_with_hooks_is_refused_whole() -> None:
    hook = extra("Job", "namespace-metadata", "batch/v1", annotations=HOOK)
    assert len(problems(lambda found: found.append(hook))) == 1


def binding(role: str, **subject: str) -> dict[str, object]:
    metadata = {"name": "more", "labels": {"linkerd.io/extension": "viz"}}
    ref = {"apiGroup": RBAC, "kind": "ClusterRole", "name": role}
    return {
        "apiVersion": RBAC,
        "kind": "ClusterRoleBinding",
        "metadata": metadata,
        "roleRef": ref,
        "subjects": [subject],
    }


WEB = {"kind": "ServiceAccount", "namespace": "linkerd-viz", "name": "web"}


@pytest.mark.parametrize(
    ("role", "subject", "opened"),
    [
        (TAP_ADMIN, WEB, True),
        (TAP_ADMIN, {"kind": "Group", "name": "system:serviceaccounts:linkerd-viz"}, True),
        (TAP_ADMIN, {"kind": "User", "name": "system:serviceaccount:linkerd-viz:web"}, True),
        ("cluster-admin", WEB, True),
        ("linkerd-tap-injector", WEB, False),
        (TAP_ADMIN, {**WEB, "name": "tap"}, False),
        (TAP_ADMIN, {**WEB, "namespace": "elsewhere"}, False),
    ],
)
def test_a_dashboard_that_may_tap_everything_is_seen(role: str, subject: dict[str, str], opened: bool) -> None:
    found = [*objects(), binding(role, **subject)]
    assert read_bundle({"viz.yaml": text(found)}).open_dashboard is opened
