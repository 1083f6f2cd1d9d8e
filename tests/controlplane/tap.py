"""A stand-in for Viz's tap and tap-injector: serves both on the ClusterIPs of their Services, by their Secrets' keys.

No container runs in the test control plane, so neither server can. It waits for the Services and Secrets as the real
servers' pods would, answers the discovery of tap.linkerd.io, and marks new pods as the tap-injector does.
"""

from __future__ import annotations

import base64
import json
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_server, socket
from typing import Any

from kubernetes.dynamic.exceptions import NotFoundError

from tests.controlplane.client import Client
from tests.controlplane.harness import ControlPlane

NAMESPACE = "linkerd-viz"
SERVED = {"tap": "tap-k8s-tls", "tap-injector": "tap-injector-k8s-tls"}
PORT = 443
TAP_ENABLED = "viz.linkerd.io/tap-enabled"
TAP_DISABLED = "viz.linkerd.io/disable-tap"
LOOK_SECONDS = 0.1
Object = dict[str, Any]


def may_listen() -> bool:
    """Whether this user may listen where Services of loopback are: below port 1024 not everybody may."""
    try:
        with create_server(("127.255.255.1", PORT)):
            return True
    except OSError:
        return False


class Tap:
    """Looks for Viz from `start` to `stop` and serves it while it is there; inside `silent` nothing answers."""

    def __init__(self, plane: ControlPlane, namespace: str = NAMESPACE) -> None:
        self._client = Client(plane.admin_kubeconfig)
        self._namespace = namespace
        self._servers: dict[str, _Server] = {}
        self._over, self._mute = threading.Event(), threading.Event()
        self._looked = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="tap", daemon=True)

    def start(self) -> None:
        """Begin to look for Viz."""
        self._thread.start()

    def stop(self) -> None:
        """Serve no more."""
        self._over.set()
        self._thread.join()
        for name in list(self._servers):
            self._drop(name)
        self._client.close()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Inside, the servers of Viz do not answer: its pods run, and nothing listens."""
        self._mute.set()
        self._look_again()
        try:
            yield
        finally:
            self._mute.clear()
            self._look_again()

    def authority_of(self, name: str = "tap") -> str | None:
        """Which authority signed what is served now, as the Secret says; None where nothing is served."""
        found = self._servers.get(name)
        return None if found is None else found.authority

    def _look_again(self) -> None:
        self._looked.clear()
        self._looked.wait(10)

    def _look_on(self) -> None:
        while not self._over.is_set():
            mute = self._mute.is_set()
            for name in SERVED:
                self._look(name, mute=mute)
            if mute == self._mute.is_set():
                self._looked.set()
            self._over.wait(LOOK_SECONDS)

    def _look(self, name: str, *, mute: bool) -> None:
        try:
            service = None if mute else self._client.get("Service", name, self._namespace)
            secret = None if mute else self._client.get("Secret", SERVED[name], self._namespace)
        except NotFoundError:
            service = secret = None
        except Exception:  # noqa: BLE001 - the API server may be away: it is asked again
            return
        if service is None or secret is None or not secret.get("data"):
            self._drop(name)
            return
        known = self._servers.get(name)
        if known is None or known.address != service["spec"]["clusterIP"]:
            self._drop(name)
            self._servers[name] = known = _Server(service["spec"]["clusterIP"], ANSWERS[name])
            known.use(secret)
            known.begin()
        known.use(secret)

    def _drop(self, name: str) -> None:
        found = self._servers.pop(name, None)
        if found is not None:
            found.end()


class _Server:
    """One HTTPS server on a ClusterIP of loopback; its certificate may change while it serves."""

    def __init__(self, address: str, answer: Callable[[str, Object], Object | None]) -> None:
        self.address, self.authority = address, None
        self._version: str | None = None
        self._server = _TlsServer((address, PORT), answer)

    def use(self, secret: Object) -> None:
        """Serve with what the Secret holds now."""
        if secret["metadata"]["resourceVersion"] == self._version:
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            for file in ("tls.crt", "tls.key"):
                (Path(folder) / file).write_bytes(base64.b64decode(secret["data"][file]))
            context.load_cert_chain(Path(folder) / "tls.crt", Path(folder) / "tls.key")
        self._server.context = context
        self._version = secret["metadata"]["resourceVersion"]
        self.authority = secret["metadata"].get("annotations", {}).get("meshdesk.io/authority-sha256")

    def begin(self) -> None:
        """Serve in a thread of its own."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def end(self) -> None:
        """Serve no more; open connections are closed with their next answer."""
        self._server.shutdown()
        self._server.server_close()


class _TlsServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    context: ssl.SSLContext

    def __init__(self, address: tuple[str, int], answer: Callable[[str, Object], Object | None]) -> None:
        super().__init__(address, _Handler)
        self.answer = answer

    def get_request(self) -> tuple[socket, Any]:
        connection, address = super().get_request()
        return self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that does not trust the certificate is no news: the tests look at what the API server says."""


class _Handler(BaseHTTPRequestHandler):
    server: _TlsServer
    timeout = 10

    def do_GET(self) -> None:
        self._reply(self.server.answer(self.path.split("?")[0].rstrip("/"), {}))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._reply(self.server.answer(self.path, json.loads(body)))

    def _reply(self, found: Object | None) -> None:
        body = json.dumps(found or {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404}).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _discovery(path: str, _: Object) -> Object | None:
    version = {"groupVersion": "tap.linkerd.io/v1alpha1", "version": "v1alpha1"}
    if path == "/apis/tap.linkerd.io":
        return {"kind": "APIGroup", "apiVersion": "v1", "name": "tap.linkerd.io", "versions": [version]}
    if path != "/apis/tap.linkerd.io/v1alpha1":
        return None
    names = ("namespaces", "pods", "deployments", "statefulsets", "daemonsets", "services", "jobs", "cronjobs")
    resources = [
        {"name": f"{name}{part}", "singularName": "", "namespaced": True, "kind": "Tap", "verbs": ["watch"]}
        for name in names
        for part in ("", "/tap")
    ]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": version["groupVersion"],
        "resources": resources,
    }


def _injection(_: str, review: Object) -> Object | None:
    request = review.get("request")
    if request is None:
        return None
    pod, response = request["object"], {"uid": request["uid"], "allowed": True}
    annotations = pod["metadata"].get("annotations") or {}
    meshed = "linkerd.io/control-plane-ns" in (pod["metadata"].get("labels") or {})
    if meshed and annotations.get(TAP_DISABLED) != "true":
        value = {**annotations, TAP_ENABLED: "true"}
        patch = [{"op": "add", "path": "/metadata/annotations", "value": value}]
        response |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
    return {"apiVersion": review["apiVersion"], "kind": "AdmissionReview", "response": response}


ANSWERS: dict[str, Callable[[str, Object], Object | None]] = {"tap": _discovery, "tap-injector": _injection}
