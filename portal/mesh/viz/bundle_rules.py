"""What must hold of a bundle before a worker may create it; each broken rule is a sentence with file and object.

bundle.py calls it. The rules keep Meshdesk from creating what it could not take away again by itself.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from portal.mesh.guard.names import BINDING, POLICY
from portal.mesh.objects import ObjectRef, resource_of
from portal.mesh.viz.documents import Manifest
from portal.mesh.viz.names import (
    API_SERVICE,
    CORE_NAMESPACES,
    EXTENSION_LABEL,
    INJECTOR_SECRET,
    TAP_SECRET,
    WEBHOOK,
    annotations_of,
    api_services,
    is_labelled,
    labels_of,
)
from portal.mesh.viz.tap import tap_admin

_FROM_A_CLUSTER = (
    "resourceVersion",
    "uid",
    "generation",
    "managedFields",
    "ownerReferences",
    "finalizers",
    "deletionTimestamp",
)
_CONTROL_PLANE = ("linkerd.io/is-control-plane", "linkerd.io/control-plane-component", "linkerd.io/control-plane-ns")
_INJECT_CA = "cert-manager.io/inject-"
_CALLED = {"APIService": API_SERVICE, "MutatingWebhookConfiguration": WEBHOOK}


def viz_namespace(found: Iterable[Manifest]) -> str:
    """The namespace of Viz: its Namespace object's name, else that of the Service behind the tap API, else empty."""
    manifests = list(found)
    for one in manifests:
        if one.obj["kind"] == "Namespace":
            return one.ref.name
    for one in manifests:
        if (one.obj["kind"], one.ref.name) == ("APIService", API_SERVICE):
            return str(api_services(one.obj)[0].get("namespace") or "")
    return ""


def broken(found: list[Manifest], control_plane: str, listed: Collection[str]) -> list[str]:
    """Everything that is wrong with these objects, in sentences."""
    namespace = viz_namespace(found)
    rules = _Rules(namespace, control_plane, frozenset(listed))
    problems = [one.problem(sentence) for one in found for sentence in rules.of(one)]
    problems += _duplicates(found)
    problems += _unknown_listed(found, listed)
    # Without the two that call Viz's Services nothing tells which namespace is Viz's.
    return problems + list(_whole(found, namespace, control_plane))


class _Rules:
    """What each object is held to, given where Viz and the control plane live."""

    def __init__(self, namespace: str, control_plane: str, listed: frozenset[str]) -> None:
        self._namespace = namespace
        self._control_plane = control_plane
        self._listed = listed

    def of(self, one: Manifest) -> Iterator[str]:
        """The rest of a sentence for each rule that this object breaks."""
        resource = resource_of(one.obj["apiVersion"], one.obj["kind"])
        if resource is None or one.obj["kind"] in (POLICY, BINDING):
            yield f"is of a kind ({one.obj['apiVersion']}) that Meshdesk cannot install and remove: leave it out."
            return
        if resource.namespaced != bool(one.ref.namespace):
            yield "names no namespace: write it." if resource.namespaced else "names a namespace and can have none."
            return
        is_listed = bool(_names(one.ref) & self._listed)
        yield from _not_rendered(one)
        yield from self._belongs(one, is_listed)
        yield from _keys(one, self._namespace, is_listed)
        yield from self._calls(one, is_listed)

    def _belongs(self, one: Manifest, is_listed: bool) -> Iterator[str]:
        if one.obj["kind"] == "Ingress":
            yield "would open to others what has no sign-in: leave it out."
        if not is_labelled(one.obj) and not is_listed:
            yield f"has no label {EXTENSION_LABEL}=viz: give it the label, or name it under `listed`."
        if one.ref.namespace not in ("", self._namespace) and not (is_listed or self._is_known(one.ref)):
            yield "lies outside Viz's namespace and is no known part of Viz: leave it out, or name it under `listed`."
        if set(_CONTROL_PLANE) & labels_of(one.obj).keys():
            yield "carries a label of Linkerd's control plane: a bundle holds Viz alone."

    def _is_known(self, ref: ObjectRef) -> bool:
        if ref.namespace == "kube-system":
            return ref.kind == "RoleBinding" and ref.name.endswith("-tap-auth-reader")
        return ref.namespace == self._control_plane and ref.kind in ("Role", "RoleBinding") and ref.name == "web"

    def _calls(self, one: Manifest, is_listed: bool) -> Iterator[str]:
        known = _CALLED.get(one.obj["kind"])
        if known is None:
            return
        if one.ref.name != known:
            if not is_listed:
                yield f"is no part of Viz, whose {one.obj['kind']} is {known}: leave it out, or name it under `listed`."
            return
        yield from _called_services(one, self._namespace)


def _not_rendered(one: Manifest) -> Iterator[str]:
    written = [key for key in _FROM_A_CLUSTER if one.obj["metadata"].get(key)]
    if one.obj.get("status"):
        written.append("status")
    if written:
        yield f"carries {', '.join(written)}: give the rendered manifest, not what a cluster made of it."
    if "helm.sh/hook" in annotations_of(one.obj):
        yield "is a Helm hook: render with `--set createNamespaceMetadataJob=false` or `--no-hooks`."


def _keys(one: Manifest, namespace: str, is_listed: bool) -> Iterator[str]:
    if one.obj["kind"] != "Secret":
        if "PRIVATE KEY-----" in json.dumps(one.obj, default=str):
            yield "holds a private key: put it where Viz's own pods fetch it, Meshdesk keeps none."
        return
    if one.ref.namespace == namespace and one.ref.name in (TAP_SECRET, INJECTOR_SECRET):
        return
    if not is_listed:
        yield f"is none of the two Secrets of Viz ({TAP_SECRET}, {INJECTOR_SECRET}): leave it out."
    if one.obj.get("data") or one.obj.get("stringData"):
        yield "holds data, which Meshdesk would have to keep: leave the data out and have it filled in the cluster."


def _called_services(one: Manifest, namespace: str) -> Iterator[str]:
    problem = _shape_of_called(one.obj)
    if problem is not None:
        yield problem
        return
    if any(key.startswith(_INJECT_CA) for key in annotations_of(one.obj)):
        yield "has an annotation of cert-manager, which would overwrite the authority of each window: leave it out."
    if one.obj["kind"] == "APIService" and one.obj["spec"].get("insecureSkipTLSVerify"):
        yield "has insecureSkipTLSVerify: leave it out, each window has a certificate of its own."
    for service in api_services(one.obj):
        if service.get("namespace") != namespace:
            where = service.get("namespace") or "of no name"
            yield f"calls a Service in namespace {where}, not in Viz's ({namespace})."


def _shape_of_called(obj: dict[str, Any]) -> str | None:
    if all(api_services(obj)) and api_services(obj):
        return None
    what = "spec.service" if obj["kind"] == "APIService" else "webhooks, each with clientConfig.service"
    return f"needs {what}."


def _duplicates(found: list[Manifest]) -> Iterator[str]:
    first: dict[tuple[str, str, str, str], Manifest] = {}
    for one in found:
        key = (one.ref.group, one.ref.kind, one.ref.namespace, one.ref.name)
        before = first.setdefault(key, one)
        if before is not one:
            yield one.problem(f"stands in {before.file} already: keep one.")


def _unknown_listed(found: list[Manifest], listed: Collection[str]) -> Iterator[str]:
    there = {name for one in found for name in _names(one.ref)}
    yield from (
        f"`listed` names {name}, which is not in the bundle: take it out." for name in listed if name not in there
    )


def _names(ref: ObjectRef) -> set[str]:
    return {f"{ref.kind}/{ref.name}", f"{ref.kind}/{ref.namespace}/{ref.name}"}


def _whole(found: list[Manifest], namespace: str, control_plane: str) -> Iterator[str]:
    named = [one for one in found if one.obj["kind"] == "Namespace"]
    for one in named[1:]:
        yield one.problem(f"is a second Namespace beside {named[0].ref.name}: a bundle has one.")
    if namespace in (control_plane, *CORE_NAMESPACES):
        yield f"Viz is to live in {namespace}, which goes with it in the end: render it for a namespace of its own."
    yield from _tap_role(found, namespace)
    services = {(one.ref.namespace, one.ref.name) for one in found if one.obj["kind"] == "Service"}
    for kind, name in _CALLED.items():
        called = next((one for one in found if (one.obj["kind"], one.ref.name) == (kind, name)), None)
        if called is None:
            yield f"{kind} {name} is missing: give everything that `linkerd viz install` prints."
        elif _shape_of_called(called.obj) is None:
            for service in api_services(called.obj):
                if (service.get("namespace"), service.get("name")) not in services:
                    yield called.problem(f"calls Service {service.get('name')}, which is not in the bundle.")


def _tap_role(found: list[Manifest], namespace: str) -> Iterator[str]:
    roles = {one.ref.name for one in found if one.obj["kind"] == "ClusterRole"}
    if namespace and tap_admin(namespace) not in roles:
        yield f"ClusterRole {tap_admin(namespace)} is missing: nobody could be given the right to tap."
