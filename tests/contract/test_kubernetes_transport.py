"""What the real cluster implementation sends, and how it bears an API server that misbehaves: a scripted HTTP server on
loopback answers. The answers of a true one are in test_cluster.py."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from portal.errors import Gone, Transient
from portal.mesh.workloads import WorkloadRef
from tests.contract.worlds import raised
from workers.cluster.kubernetes import KubernetesCluster

WEB = WorkloadRef("deployment", "emojivoto", "web")
PATH = "/apis/apps/v1/namespaces/emojivoto/deployments/web"
FOUND = {"kind": "Deployment", "metadata": {"name": "web"}}
Reply = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Hands each request to the script and remembers it."""

    protocol_version = "HTTP/1.1"
    server: Scripted

    def answer(self, status: int, body: object) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def handle_any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        self.server.script(self)

    do_GET = do_PATCH = do_POST = do_DELETE = handle_any  # noqa: N815 - the names that BaseHTTPRequestHandler looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Scripted(ThreadingHTTPServer):
    """An API server that does what a test says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str, dict[str, str], Any]] = []
        self.script: Reply = lambda request: request.answer(200, FOUND)

    def handle_error(self, *_: object) -> None:
        """A client that gave up is what some tests are about."""


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def reached(folder: Path, port: int, *, scheme: str = "http", timeout: float = 5.0) -> KubernetesCluster:
    """A cluster by a kubeconfig whose token is in a file beside it."""
    (folder / "token").write_text("first")
    user = {"name": "worker", "user": {"tokenFile": str(folder / "token")}}
    target = {"server": f"{scheme}://127.0.0.1:{port}"}
    content = {
        "clusters": [{"name": "there", "cluster": target}],
        "users": [user],
        "contexts": [{"name": "there", "context": {"cluster": "there", "user": "worker"}}],
    }
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(content))
    return KubernetesCluster("prod-eu-1", kubeconfig=kubeconfig, context="there", timeout=timeout)


@pytest.fixture
def cluster(server: Scripted, tmp_path: Path) -> Iterator[KubernetesCluster]:
    found = reached(tmp_path, server.server_port)
    yield found
    found.close()


def test_a_patch_is_a_merge_patch_of_meshdesks_with_its_nulls(server: Scripted, cluster: KubernetesCluster) -> None:
    patch = {"metadata": {"resourceVersion": "7", "annotations": {"meshdesk.io/tickets": None, "ünï": "cödé ❤"}}}
    cluster.patch_workload(WEB, patch)
    cluster.patch_workload(WEB, patch, dry_run=True)
    for (method, target, headers, body), dry in zip(server.seen, ([], ["All"]), strict=True):
        address = urlsplit(target)
        assert (method, address.path, body) == ("PATCH", PATH, patch)
        query = parse_qs(address.query)
        assert query["fieldManager"] == ["meshdesk"]
        assert query.get("dryRun", []) == dry
        assert headers["Content-Type"] == "application/merge-patch+json"
        assert headers["User-Agent"] == "meshdesk"
        assert headers["authorization"] == "Bearer first"


def test_an_api_server_that_never_answers_is_left_in_time_and_asked_once(server: Scripted, tmp_path: Path) -> None:
    released = threading.Event()
    server.script = lambda _: void(released.wait(5))
    cluster = reached(tmp_path, server.server_port, timeout=0.3)
    started = time.monotonic()
    error = raised(lambda: cluster.patch_workload(WEB, {}))
    took = time.monotonic() - started
    released.set()
    assert isinstance(error, Transient)
    assert error.sentence == "Cluster prod-eu-1 does not answer; this is tried again by itself."
    assert took < 0.6
    assert len(server.seen) == 1


def test_an_answer_that_drips_is_left_in_time(server: Scripted, tmp_path: Path) -> None:
    def drip(request: Handler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        for _ in range(40):
            request.wfile.write(b" ")
            time.sleep(0.05)

    server.script = drip
    cluster = reached(tmp_path, server.server_port, timeout=0.3)
    started = time.monotonic()
    assert isinstance(raised(lambda: cluster.workload(WEB)), Transient)
    assert time.monotonic() - started < 0.8


def test_an_answer_that_breaks_off_is_transient(server: Scripted, cluster: KubernetesCluster) -> None:
    def break_off(request: Handler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        request.wfile.write(b'{"kind": "Deployment"')
        request.close_connection = True

    server.script = break_off
    assert isinstance(raised(lambda: cluster.workload(WEB)), Transient)


def test_nobody_there_is_transient(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    error = raised(lambda: reached(tmp_path, port).workload(WEB))
    assert isinstance(error, Transient)
    assert error.sentence == "Cluster prod-eu-1 does not answer; this is tried again by itself."


def test_an_api_server_without_tls_where_tls_is_expected_is_transient(server: Scripted, tmp_path: Path) -> None:
    cluster = reached(tmp_path, server.server_port, scheme="https", timeout=1)
    assert isinstance(raised(lambda: cluster.workload(WEB)), Transient)


def test_a_renewed_token_is_read_from_its_file_within_the_call(
    server: Scripted, cluster: KubernetesCluster, tmp_path: Path
) -> None:
    def guarded(request: Handler) -> None:
        known = request.headers["authorization"] == "Bearer second"
        request.answer(200 if known else 401, FOUND if known else {"kind": "Status", "message": "Unauthorized"})

    server.script = guarded
    error = raised(lambda: cluster.workload(WEB))
    assert isinstance(error, Transient)
    assert error.sentence.startswith("Cluster prod-eu-1 does not accept Meshdesk's credentials")
    (tmp_path / "token").write_text("second")
    assert cluster.workload(WEB) == FOUND


def test_a_token_file_that_went_away_is_transient(server: Scripted, cluster: KubernetesCluster, tmp_path: Path) -> None:
    server.script = lambda request: request.answer(401, {"kind": "Status", "message": "Unauthorized"})
    (tmp_path / "token").unlink()
    error = raised(lambda: cluster.workload(WEB))
    assert isinstance(error, Transient)
    assert error.sentence.startswith("Cluster prod-eu-1 does not accept Meshdesk's credentials")


def test_a_list_is_read_page_by_page(server: Scripted, cluster: KubernetesCluster) -> None:
    pages = {"": (["a", "b"], "second"), "second": (["c"], "third"), "third": (["d"], "")}

    def page(request: Handler) -> None:
        query = parse_qs(urlsplit(request.path).query)
        assert query["limit"] == ["250"]
        names, more = pages[query.get("continue", [""])[0]]
        items = [{"metadata": {"name": name}} for name in names]
        request.answer(200, {"kind": "NamespaceList", "metadata": {"continue": more}, "items": items})

    server.script = page
    found = list(cluster.namespaces())
    assert [obj["metadata"]["name"] for obj in found] == ["a", "b", "c", "d"]
    assert all((obj["apiVersion"], obj["kind"]) == ("v1", "Namespace") for obj in found)


def test_a_list_that_expired_on_the_way_goes_on_with_the_token_it_is_given(
    server: Scripted, cluster: KubernetesCluster
) -> None:
    def page(request: Handler) -> None:
        more = parse_qs(urlsplit(request.path).query).get("continue", [""])[0]
        if more == "old":
            request.answer(410, {"kind": "Status", "reason": "Expired", "metadata": {"continue": "fresh"}})
            return
        items = [{"metadata": {"name": more or "first"}}]
        following = {"continue": "" if more else "old"}
        request.answer(200, {"kind": "NamespaceList", "metadata": following, "items": items})

    server.script = page
    assert [obj["metadata"]["name"] for obj in cluster.namespaces()] == ["first", "fresh"]


def test_a_page_that_is_no_list_is_no_empty_list(server: Scripted, cluster: KubernetesCluster) -> None:
    server.script = lambda request: request.answer(200, b"<html>please sign in</html>")
    assert isinstance(raised(lambda: list(cluster.workloads())), Transient)


def test_a_proxys_not_found_page_is_not_gone(server: Scripted, cluster: KubernetesCluster) -> None:
    server.script = lambda request: request.answer(404, b"<html>404</html>")
    for call in (lambda: cluster.workload(WEB), cluster.injector_webhook, cluster.mesh):
        error = raised(call)
        assert isinstance(error, Transient)
        assert not isinstance(error, Gone)


def test_names_that_are_paths_are_never_sent(server: Scripted, cluster: KubernetesCluster) -> None:
    for name in ("..", "../secrets/x", "web/status", "web?dryRun=All", "web%2f..", "Web", ""):
        for ref in (WorkloadRef("deployment", "emojivoto", name), WorkloadRef("deployment", name, "web")):
            assert isinstance(raised(partial(cluster.workload, ref)), Gone)
    assert server.seen == []


def test_several_threads_share_one_cluster(server: Scripted, cluster: KubernetesCluster) -> None:
    def echo(request: Handler) -> None:
        request.answer(200, {"kind": "Deployment", "metadata": {"name": request.path.rpartition("/")[2]}})

    server.script = echo
    names = [f"web-{number}" for number in range(200)]
    with ThreadPoolExecutor(16) as pool:
        found = pool.map(lambda name: cluster.workload(WorkloadRef("deployment", "emojivoto", name)), names)
        assert [obj["metadata"]["name"] for obj in found] == names


def test_a_closed_cluster_opens_again(cluster: KubernetesCluster) -> None:
    assert cluster.workload(WEB) == FOUND
    cluster.close()
    assert cluster.workload(WEB) == FOUND


def void(_: object) -> None:
    """Nothing."""
