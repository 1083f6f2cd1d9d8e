"""The guard on the real API server: each weakening on each kind by each way of writing, with and without a ticket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.mesh.guard.lines import pruned
from portal.mesh.guard.names import NAMESPACE, PARAMETERS
from portal.mesh.guard.render import held, parameters
from tests.controlplane.client import wait_for
from tests.controlplane.guard_ways import TRY, ways
from tests.controlplane.guarding import (
    AUDIT,
    BY_TICKET,
    CONFIG,
    DEBUG,
    DENY,
    INBOUND,
    INJECT,
    KINDS,
    OFF,
    WARN,
    WEAKENINGS,
    Guarded,
    Weak,
    annotated,
    in_template,
    made,
    namespace,
    weakened,
)

pytestmark = pytest.mark.control_plane
Object = dict[str, Any]
OLD = Weak(
    "",
    {INBOUND: "7000-7010", f"{CONFIG}skip-subnets": "10.0.0.0/8", INJECT: "disabled", DEBUG: "true"},
    {"linkerd.io/cni-resource": "true"},
    {"hostNetwork": True, "securityContext": {"runAsUser": 2102}},
)


@pytest.fixture(scope="module")
def guarded(guarded_places: Guarded) -> Iterator[Guarded]:
    """The guard, with a clean and an already weak workload of each kind in the namespace where it denies."""
    for kind in KINDS:
        assert guarded_places.rest.create(made(kind, "clean")).ok
        assert guarded_places.rest.create(made(kind, "old", weak=OLD)).ok
    guarded_places.install()
    yield guarded_places
    guarded_places.uninstall()


def stored(guarded: Guarded, kind: str, name: str) -> Object:
    found = guarded.rest.get(made(kind, name))
    return {**found.body, "kind": kind}


@pytest.mark.parametrize("weakening", WEAKENINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_each_weakening_is_denied_without_a_ticket(guarded: Guarded, kind: str, weakening: str) -> None:
    weak = WEAKENINGS[weakening]
    for way, write in ways(guarded.rest, stored(guarded, kind, "clean"), weak).items():
        answer = write()
        assert answer.status == 403, (way, answer)
        assert weak.says in answer.message, way
        assert "https://meshdesk.example.com/new/" in answer.message


@pytest.mark.parametrize("kind", KINDS)
def test_a_live_ticket_lets_it_pass_and_its_end_does_not(guarded: Guarded, kind: str) -> None:
    obj = stored(guarded, kind, "clean")
    named = [f"{kind.lower()}/{name}" for name in ("clean", "new-clean")]
    end = datetime.now(UTC) + timedelta(hours=1)
    guarded.allow(*named, until=end)
    every = [
        (name, way, write) for name, weak in BY_TICKET.items() for way, write in ways(guarded.rest, obj, weak).items()
    ]
    guarded.soon(every[0][2], ok=True)
    for name, way, write in every:
        assert write().ok, (name, way, write())
    wider = weakened(obj, Weak("", {INBOUND: "8080-8081"}))
    assert "8080-8081" in guarded.rest.replace(wider, **TRY).message
    another = made(kind, "another", weak=BY_TICKET["skip-inbound"])
    assert guarded.rest.create(another, **TRY).status == 403
    prune(guarded, end)
    guarded.soon(every[0][2], ok=False)
    assert all(write().status == 403 for _, _, write in every)


def prune(guarded: Guarded, now: datetime) -> None:
    obj = parameters({})
    data = guarded.rest.get(obj).body["data"]
    assert not pruned(data, now - timedelta(seconds=2))
    assert guarded.rest.patch(obj, {"data": pruned(data, now)}).ok


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_weak_before_is_scaled_and_mended(guarded: Guarded, kind: str) -> None:
    obj, rest = stored(guarded, kind, "old"), guarded.rest
    mends: list[Object] = [
        {"metadata": {"annotations": {"changed": "yes"}}},
        annotated(obj, inbound="7001-7005"),
        annotated(obj, inbound="4567,7010"),
        annotated(obj, inbound=None, debug=None),
        annotated(obj, inject=None),
        annotated(obj, inject="enabled"),
    ]
    if kind not in ("Pod", "Job", "CronJob", "DaemonSet"):
        mends.append({"spec": {"replicas": 3}})
    if kind != "Pod":
        mends += [{"spec": {"suspend": False}}] if kind == "CronJob" else []
    for mend in mends:
        assert rest.patch(obj, mend, **TRY).ok, (mend, rest.patch(obj, mend, **TRY))
    for weaker in (annotated(obj, inbound="7000-7011"), annotated(obj, outbound="1")):
        assert rest.patch(obj, weaker, **TRY).status == 403
    subnets = in_template(obj, {"metadata": {"annotations": {f"{CONFIG}skip-subnets": "0.0.0.0/0"}}})
    assert "skip-subnets" in rest.patch(obj, subnets, **TRY).message


@pytest.mark.parametrize("weakening", BY_TICKET)
def test_it_warns_where_it_warns_and_says_nothing_where_it_audits(guarded: Guarded, weakening: str) -> None:
    weak = BY_TICKET[weakening]
    warned = guarded.rest.create(made("Deployment", "w", WARN, weak), **TRY)
    assert warned.ok
    assert any(weak.says in warning and "Meshdesk" in warning for warning in warned.warnings)
    for place in (AUDIT, OFF):
        quiet = guarded.rest.create(made("Deployment", "w", place, weak), **TRY)
        assert (quiet.ok, quiet.warnings) == (True, ())


def test_controllers_make_of_a_template_what_it_says(guarded: Guarded) -> None:
    """Of a ticket's template whose line is gone: what was let in can be scaled and restarted, and is not stranded."""
    guarded.allow("deployment/scaled")
    obj = made("Deployment", "scaled", weak=Weak("", {INBOUND: "8080", INJECT: "disabled"}))
    guarded.soon(lambda: guarded.rest.create(obj, **TRY), ok=True)
    assert guarded.rest.create(obj).ok
    guarded.allow()
    guarded.soon(lambda: guarded.rest.create(made("Deployment", "scaled", weak=BY_TICKET["debug"]), **TRY), ok=False)
    assert guarded.rest.patch(obj, {"spec": {"replicas": 2}}).ok
    restart = {"metadata": {"annotations": {"restarted": "now"}}}
    assert guarded.rest.patch(obj, in_template(obj, restart)).ok
    pods = wait_for(lambda: running(guarded, "restarted"), "two pods of the new template", seconds=30)
    assert all(pod["metadata"]["annotations"][INBOUND] == "8080" for pod in pods)
    guarded.rest.delete(obj)


def running(guarded: Guarded, annotation: str) -> list[Object]:
    found = guarded.plane.client.list("Pod", DENY, labels="app=deployment-scaled")
    fresh = [pod for pod in found if annotation in (pod["metadata"].get("annotations") or {})]
    return fresh if len(fresh) == 2 and all(pod["status"].get("phase") == "Running" for pod in fresh) else []


def test_owner_references_are_no_word_of_a_controller(guarded: Guarded) -> None:
    pod = made("Pod", "forged", weak=BY_TICKET["inject-disabled"])
    owner = stored(guarded, "ReplicaSet", "clean")["metadata"]
    reference = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": "clean",
        "uid": owner["uid"],
        "controller": True,
    }
    pod["metadata"]["ownerReferences"] = [reference]
    assert guarded.rest.create(pod, **TRY).status == 403


def test_what_a_pod_takes_from_its_namespace_is_no_change_of_it(guarded: Guarded) -> None:
    """The injector copies a namespace's annotations onto pods before the guard sees them."""
    place = "guarded-inherits"
    guarded.plane.client.apply(namespace(place, {INBOUND: "3306", f"{CONFIG}proxy-version": "edge-26.6.3"}))
    wait_for(lambda: guarded.plane.client.list("ServiceAccount", place), "an account")
    binding = next(obj for obj in held(guarded.guard) if obj["metadata"]["name"] == "meshdesk-guard-workloads-deny")
    chosen = binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"][0]
    try:
        guarded.plane.client.apply({**binding, "spec": with_places(binding["spec"], [*chosen["values"], place])})
        bad = made("Pod", "bad", place, BY_TICKET["debug"])
        guarded.soon(lambda: guarded.rest.create(bad, **TRY), ok=False)
        answer = guarded.rest.create(made("Pod", "meshed", place))
        assert answer.ok, answer
        assert answer.body["metadata"]["annotations"][INBOUND] == "3306"
        assert guarded.rest.create(made("Pod", "same", place, Weak("", {INBOUND: "3306"})), **TRY).ok
        assert guarded.rest.create(made("Pod", "more", place, Weak("", {INBOUND: "3306,3307"})), **TRY).status == 403
        lost = guarded.rest.patch(answer.body, {"metadata": {"labels": {"linkerd.io/control-plane-ns": None}}}, **TRY)
        assert "callers their encryption" in lost.message
        live = guarded.rest.patch(
            answer.body, {"metadata": {"annotations": {INBOUND: "1-65535"}}}, part="status", **TRY
        )
        assert live.status == 403
    finally:
        guarded.plane.client.apply(binding)
        guarded.plane.client.delete("Namespace", place)


def with_places(spec: Object, names: list[str]) -> Object:
    chosen = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": names}
    return {**spec, "matchResources": {**spec["matchResources"], "namespaceSelector": {"matchExpressions": [chosen]}}}


def test_policies_that_ask_for_identities_cannot_be_loosened(guarded: Guarded) -> None:
    rest, key, policy = guarded.rest, f"{CONFIG}proxy-require-identity-inbound-ports", f"{CONFIG}default-inbound-policy"
    strict = made("Deployment", "strict", weak=Weak("", {key: "8080,9090", policy: "deny"}))
    assert rest.create(strict).ok
    for value in ("8080", None):
        body = in_template(strict, {"metadata": {"annotations": {key: value}}})
        assert "fewer callers" in rest.patch(strict, body, **TRY).message
    for value in ("all-authenticated", None):
        body = in_template(strict, {"metadata": {"annotations": {policy: value}}})
        assert "more callers" in rest.patch(strict, body, **TRY).message
    more = in_template(strict, {"metadata": {"annotations": {key: "8080,9090,1"}}})
    assert rest.patch(strict, more, **TRY).ok
    rest.delete(strict)


def test_a_rehearsal_of_meshdesk_is_let_pass(guarded: Guarded) -> None:
    obj = made("Deployment", "clean")
    body = annotated(obj, inject="disabled")
    assert guarded.rest.patch(obj, body, fieldManager="meshdesk", **TRY).ok
    assert guarded.rest.patch(obj, body, fieldManager="meshdesk").status == 403


def test_long_lists_stay_below_the_limits_of_the_api_server(guarded: Guarded) -> None:
    """A hundred ports on both sides, and a range that only several ranges together cover."""
    many = ",".join(str(port) for port in range(10000, 10400, 4))
    obj = made("Deployment", "long", weak=Weak("", {INBOUND: f"8081-8999,{many}"}))
    data = {DENY: f"deployment/long MD-8 - skip-inbound=8080,9000-9010,{many},8081-8999 skip-outbound= inject= debug="}
    assert guarded.rest.patch(parameters({}), {"data": data}).ok
    guarded.soon(lambda: guarded.rest.create(obj, **TRY), ok=True)
    together = made("Deployment", "long", weak=Weak("", {INBOUND: f"8080-9010,{many}"}))
    assert guarded.rest.create(together, **TRY).ok
    beyond = made("Deployment", "long", weak=Weak("", {INBOUND: f"8080-9011,{many}"}))
    assert "8080-9011" in guarded.rest.create(beyond, **TRY).message
    guarded.allow()


def test_it_denies_everything_while_the_parameters_are_gone_and_only_where_it_denies(guarded: Guarded) -> None:
    """Last in this file: the parameters go, and come again."""
    clean = made("Deployment", "fine")
    assert guarded.rest.create(clean, **TRY).ok
    guarded.plane.client.delete("ConfigMap", PARAMETERS, NAMESPACE)
    guarded.soon(lambda: guarded.rest.create(clean, **TRY), ok=False)
    for place in (WARN, AUDIT, OFF):
        assert guarded.rest.create(made("Deployment", "fine", place), **TRY).ok
    assert guarded.rest.patch(namespace(DENY), {"metadata": {"labels": {"team": "a"}}}, **TRY).ok
    guarded.plane.client.apply(parameters({}))
    guarded.soon(lambda: guarded.rest.create(clean, **TRY), ok=True)
