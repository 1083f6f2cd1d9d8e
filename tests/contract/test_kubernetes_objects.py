"""What the real implementation sends for objects, and what it believes of the answers of a scripted API server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from portal.errors import Conflict, Gone, Transient
from portal.mesh.objects import ObjectRef
from tests.contract.sample_objects import config_map
from tests.contract.test_kubernetes_transport import Handler, Scripted, reached, server
from tests.contract.worlds import Object, raised
from workers.cluster.kubernetes import KubernetesCluster

__all__ = ["server"]

SERVER = ObjectRef("policy.linkerd.io/v1beta3", "Server", "shop", "web")
MAP = ObjectRef("v1", "ConfigMap", "shop", "web")
PATH = "/api/v1/namespaces/shop/configmaps"
POLICY = "policy.linkerd.io/v1beta3"
CONFIG = {"kind": "ConfigMap", "metadata": {"namespace": "linkerd"}, "data": {"values": "linkerdVersion: edge-26.6.3"}}


@pytest.fixture
def cluster(server: Scripted, tmp_path: Path) -> Iterator[KubernetesCluster]:
    found = reached(tmp_path, server.server_port)
    yield found
    found.close()


def test_a_creation_is_a_post_in_meshdesks_name(server: Scripted, cluster: KubernetesCluster) -> None:
    manifest = config_map("shop", "web")
    cluster.create_object(manifest)
    cluster.create_object(manifest, dry_run=True)
    for (method, target, headers, body), dry in zip(server.seen, ([], ["All"]), strict=True):
        address = urlsplit(target)
        assert (method, address.path, body) == ("POST", PATH, manifest)
        query = parse_qs(address.query)
        assert (query["fieldManager"], query.get("dryRun", [])) == (["meshdesk"], dry)
        assert headers["Content-Type"] == "application/json"


def test_a_deletion_names_the_uid_and_takes_what_is_owned(server: Scripted, cluster: KubernetesCluster) -> None:
    cluster.delete_object(MAP, uid="u-1")
    ((method, target, headers, body),) = server.seen
    assert (method, target) == ("DELETE", f"{PATH}/web")
    assert headers["Content-Type"] == "application/json"
    assert (body["preconditions"], body["propagationPolicy"]) == ({"uid": "u-1"}, "Background")


@pytest.mark.parametrize(("there", "error"), [("u-1", Conflict), ("u-2", Gone)])
def test_a_conflict_of_a_deletion_is_what_is_there_now(
    server: Scripted,
    cluster: KubernetesCluster,
    there: str,
    error: type,
) -> None:
    def busy(request: Handler) -> None:
        if request.command == "DELETE":
            request.answer(409, {"kind": "Status", "message": "changed", "details": {"name": "web"}})
        else:
            request.answer(200, {"kind": "ConfigMap", "metadata": {"uid": there}})

    server.script = busy
    assert type(raised(lambda: cluster.delete_object(MAP, uid="u-1"))) is error


def serving(groups: list[str], kinds: list[str], *, ready: int = 200) -> object:
    """An API server that knows no path but those of discovery."""
    listed = [{"name": name, "versions": [{"groupVersion": name} for name in groups]} for name in ("any",)]
    answers: dict[str, tuple[int, object]] = {
        "/readyz": (ready, b"ok"),
        "/apis": (200, {"kind": "APIGroupList", "groups": listed}),
        f"/apis/{POLICY}": (200, {"kind": "APIResourceList", "resources": [{"name": kind} for kind in kinds]}),
    }

    def script(request: Handler) -> None:
        status, body = answers.get(urlsplit(request.path).path, (404, b"404 page not found"))
        request.answer(status, body)

    return script


@pytest.mark.parametrize(("groups", "kinds"), [(["apps/v1"], []), ([POLICY], ["httproutes"])])
def test_what_discovery_does_not_know_is_not_there(
    server: Scripted,
    cluster: KubernetesCluster,
    groups: list[str],
    kinds: list[str],
) -> None:
    server.script = serving(groups, kinds)  # type: ignore[assignment]
    assert list(cluster.objects(SERVER.api_version, SERVER.kind)) == []
    assert isinstance(raised(lambda: cluster.object(SERVER)), Gone)


@pytest.mark.parametrize(
    ("groups", "kinds", "ready"), [(["apps/v1"], [], 500), ([POLICY], ["servers"], 200)], ids=["starting", "served"]
)
def test_a_404_that_discovery_does_not_bear_out_is_no_absence(
    server: Scripted,
    cluster: KubernetesCluster,
    groups: list[str],
    kinds: list[str],
    ready: int,
) -> None:
    server.script = serving(groups, kinds, ready=ready)  # type: ignore[assignment]
    for call in (lambda: list(cluster.objects(SERVER.api_version, SERVER.kind)), lambda: cluster.object(SERVER)):
        error = raised(call)
        assert isinstance(error, Transient)
        assert not isinstance(error, Gone)


def test_a_proxys_pages_are_no_absence(server: Scripted, cluster: KubernetesCluster) -> None:
    def proxy(request: Handler) -> None:
        request.answer(200 if request.path == "/readyz" else 404, b"<html>404</html>")

    server.script = proxy
    assert isinstance(raised(lambda: list(cluster.objects(SERVER.api_version, SERVER.kind))), Transient)
    assert isinstance(raised(lambda: cluster.object(MAP)), Transient)


def test_the_version_is_asked_once_for_many_looks_at_the_mesh(server: Scripted, cluster: KubernetesCluster) -> None:
    def answer(request: Handler) -> None:
        told: Object = {"gitVersion": "v1.37.2", "major": "1"} if request.path == "/version" else CONFIG
        request.answer(200, told)

    server.script = answer
    assert [cluster.mesh().kubernetes for _ in range(3)] == ["1.37.2"] * 3
    assert [path for _, path, _, _ in server.seen].count("/version") == 1


def test_a_version_that_is_not_told_is_asked_again(server: Scripted, cluster: KubernetesCluster) -> None:
    def answer(request: Handler) -> None:
        forbidden = {"kind": "Status", "message": "forbidden"}
        request.answer(*((403, forbidden) if request.path == "/version" else (200, CONFIG)))

    server.script = answer
    assert [cluster.mesh().kubernetes for _ in range(2)] == [None, None]
    assert [path for _, path, _, _ in server.seen].count("/version") == 2
