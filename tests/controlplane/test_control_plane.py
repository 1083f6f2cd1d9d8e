"""The control plane that other tests stand on is what it says: real rollouts, admission, RBAC, outages, hangs."""

from __future__ import annotations

import time
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic.exceptions import DynamicApiError, ForbiddenError

from tests.controlplane.client import Client, wait_for
from tests.controlplane.harness import ControlPlane
from tests.controlplane.trouble import denied_updates, grant
from tests.controlplane.world import World, is_running

pytestmark = pytest.mark.control_plane

SKIP_INBOUND = "config.linkerd.io/skip-inbound-ports"
NEVER_READY = "meshdesk.test/never-ready"
SLOW = "meshdesk.test/slow"


def annotate(world: World, name: str, annotations: dict[str, str | None]) -> None:
    body = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
    world.plane.client.patch("Deployment", name, world.emojivoto, body)


def rolled(world: World, name: str) -> bool:
    return is_running(world.plane.client.get("Deployment", name, world.emojivoto))


def pods(world: World, app: str, namespace: str | None = None) -> list[dict[str, Any]]:
    return world.plane.client.list("Pod", namespace or world.emojivoto, labels=f"app={app}")


def init_arguments(pod: dict[str, Any]) -> list[str]:
    by_name = {container["name"]: container for container in pod["spec"].get("initContainers", [])}
    assert "linkerd-proxy" in by_name, pod["metadata"]["name"]
    arguments: list[str] = by_name["linkerd-init"]["args"]
    return arguments


def test_every_pod_of_the_world_gets_a_proxy_that_says_it_is_a_stand_in(world: World) -> None:
    for pod in pods(world, "emoji"):
        assert "4190,4191,4567,4568" in init_arguments(pod)
        assert pod["metadata"]["annotations"]["linkerd.io/created-by"] == "linkerd/proxy-injector stand-in"
        assert pod["metadata"]["labels"]["linkerd.io/control-plane-ns"] == "linkerd"


def test_a_namespace_skip_list_is_inherited(world: World) -> None:
    assert all("4190,4191,3306" in init_arguments(pod) for pod in pods(world, "catalogue", world.books))


def test_host_network_is_not_injected(world: World) -> None:
    assert [pod["spec"].get("initContainers") for pod in pods(world, "gateway", world.payments)] == [None]


def test_a_changed_template_rolls_within_seconds(world: World) -> None:
    before = {pod["metadata"]["uid"] for pod in pods(world, "emoji")}
    started = time.monotonic()
    annotate(world, "emoji", {SKIP_INBOUND: "8080,9000-9010"})
    wait_for(lambda: rolled(world, "emoji"), "emoji rolled", seconds=10)
    wait_for(lambda: len(pods(world, "emoji")) == 3, "the old pods gone", seconds=10)
    assert time.monotonic() - started < 10
    assert not before & {pod["metadata"]["uid"] for pod in pods(world, "emoji")}
    assert all("4190,4191,8080,9000-9010" in init_arguments(pod) for pod in pods(world, "emoji"))


def test_a_slow_rollout_is_slow(world: World) -> None:
    started = time.monotonic()
    annotate(world, "web", {SLOW: "2s"})
    wait_for(lambda: len(pods(world, "web")) == 2, "the new pod beside the old one")
    assert not rolled(world, "web")
    wait_for(lambda: rolled(world, "web"), "web rolled", seconds=15)
    assert 2 <= time.monotonic() - started < 10


def test_a_pod_that_never_becomes_ready_hangs_its_rollout_until_the_template_changes(world: World) -> None:
    annotate(world, "voting", {NEVER_READY: "true"})
    wait_for(lambda: len(pods(world, "voting")) == 3, "a new pod beside the old ones")
    time.sleep(2)
    assert not rolled(world, "voting")
    annotate(world, "voting", {NEVER_READY: None})
    wait_for(lambda: rolled(world, "voting"), "voting rolled back", seconds=10)


def test_a_job_runs_as_long_as_it_says_and_then_completes(world: World) -> None:
    job = world.plane.client.get("Job", "import-once", world.emojivoto)
    assert not job["status"].get("succeeded")
    template = {"restartPolicy": "Never", "containers": [{"name": "quick", "image": "test/quick:v1"}]}
    metadata = {"name": "quick", "namespace": world.emojivoto}
    spec = {"template": {"spec": template}}
    world.plane.client.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec})
    wait_for(
        lambda: world.plane.client.get("Job", "quick", world.emojivoto)["status"].get("succeeded"), "the Job complete"
    )


def test_the_api_server_goes_away_and_comes_back_with_everything(world: World) -> None:
    plane = world.plane
    plane.stop_api_server()
    try:
        assert not plane.ready()
    finally:
        plane.start_api_server()
    assert plane.ready()
    annotate(world, "emoji", {SKIP_INBOUND: "8080"})
    wait_for(lambda: rolled(world, "emoji"), "emoji rolled after the outage", seconds=45)


def test_a_frozen_api_server_answers_nothing(control_plane: ControlPlane) -> None:
    with control_plane.frozen_api_server():
        assert not control_plane.ready()
    wait_for(control_plane.ready, "thawed")


def test_a_denying_policy_denies_with_its_message(world: World) -> None:
    with denied_updates(world.plane, world.emojivoto, "Templates are frozen this week."):
        with pytest.raises((ApiException, DynamicApiError)) as refused:
            annotate(world, "emoji", {SKIP_INBOUND: "8080"})
        assert refused.value.status == 422
        assert "Templates are frozen this week." in str(refused.value.body)
    annotate(world, "emoji", {SKIP_INBOUND: "8080"})


def test_a_user_may_do_only_what_was_granted(world: World) -> None:
    user = f"reader-of-{world.emojivoto}"
    client = Client(world.plane.kubeconfig_for(user))
    with pytest.raises(ForbiddenError):
        client.list("Deployment", world.emojivoto)
    rules = [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]}]
    grant(world.plane, user, rules, namespace=world.emojivoto)
    wait_for(lambda: reads(client, world.emojivoto), "the grant counting")
    with pytest.raises(ForbiddenError):
        client.patch("Deployment", "emoji", world.emojivoto, {"metadata": {"annotations": {"a": "b"}}})
    with pytest.raises(ForbiddenError):
        client.list("Deployment", world.books)
    client.close()


def reads(client: Client, namespace: str) -> bool:
    try:
        return bool(client.list("Deployment", namespace))
    except ForbiddenError:
        return False
