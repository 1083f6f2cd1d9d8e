"""A stand-in for Linkerd's proxy injector: a real admission webhook with the rules of portal/mesh/injection.py.

No container runs in the test control plane, so the injector cannot either. Every pod that it changes says so.
"""

from __future__ import annotations

import base64
import json
import logging
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from typing import Any

from portal.mesh.annotations import MeshDefaults
from portal.mesh.injection import Reason, inject, why_not_injected
from tests.controlplane import injector_events
from tests.controlplane.client import Client, manifests
from tests.controlplane.harness import ControlPlane

WEBHOOK_FILE = Path(__file__).parent / "injector-webhook.yaml"
CREATED_BY = "linkerd.io/created-by"
STAND_IN = "linkerd/proxy-injector stand-in"
CONFIG_NAMESPACE, CONFIG_NAME = "linkerd", "linkerd-config"


class Injector:
    """Serves the webhook on loopback from `start` to `stop` and registers it with the API server.

    Stopped, it is an injector that is down: by its failurePolicy pods are admitted without a proxy.
    """

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._address = ("127.0.0.1", plane.layout.ports.injector)
        self._server: _TlsServer | None = None
        self._log = logging.getLogger(f"injector.{plane.layout.ports.injector}")
        self._log.propagate = False

    @property
    def url(self) -> str:
        """Where the API server calls it."""
        return f"https://{self._address[0]}:{self._address[1]}/"

    def start(self) -> None:
        """Serve, and register with the API server, which must be ready."""
        if self._server is not None:
            return
        self._log.addHandler(logging.FileHandler(self._plane.layout.logs / "injector.log"))
        serving = self._plane.layout.serving
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(serving.certificate, serving.key)
        self._server = _TlsServer(self._address, context, _Reviewer(self._plane.client, self._log))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="injector", daemon=True).start()
        self._register()

    def stop(self) -> None:
        """Serve no more; it stays registered."""
        if self._server is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._server = None
        for handler in list(self._log.handlers):
            self._log.removeHandler(handler)
            handler.close()

    def _register(self) -> None:
        bundle = base64.b64encode(self._plane.layout.authority.pair.certificate.read_bytes()).decode()
        for manifest in manifests(WEBHOOK_FILE):
            for webhook in manifest["webhooks"]:
                webhook["clientConfig"] = {"url": self.url, "caBundle": bundle}
            self._plane.client.apply(manifest, manager="helm")


class _Reviewer:
    """Answers admission reviews; one for all threads of the server."""

    def __init__(self, client: Client, log: logging.Logger) -> None:
        self._client = client
        self.log = log

    def answer(self, review: dict[str, Any]) -> dict[str, Any]:
        """The AdmissionReview that answers this one: always allowed, with a patch for a pod that gets a proxy."""
        request = review["request"]
        response: dict[str, Any] = {"uid": request["uid"], "allowed": True}
        if request["kind"]["kind"] == "Pod" and (patch := self._patch(request)):
            response |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
        return {"apiVersion": review["apiVersion"], "kind": "AdmissionReview", "response": response}

    def _patch(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        pod = request["object"]
        namespace = self._client.get("Namespace", request["namespace"])
        reasons = why_not_injected(pod_template_or_pod=pod, namespace=namespace)
        self.log.warning("%s/%s: %s", request["namespace"], _name(pod), reasons or "injected")
        self._tell(request, reasons)
        if reasons:
            return []
        config = self._client.get("ConfigMap", CONFIG_NAME, CONFIG_NAMESPACE)
        meshed = inject(pod, namespace, MeshDefaults.from_config_map(config))
        meshed["metadata"]["annotations"][CREATED_BY] = STAND_IN
        return [{"op": "replace", "path": f"/{part}", "value": meshed[part]} for part in ("metadata", "spec")]

    def _tell(self, request: dict[str, Any], reasons: list[Reason]) -> None:
        try:
            if not request.get("dryRun"):
                injector_events.note(self._client, request["namespace"], request["object"], reasons)
        except Exception:
            # As in Linkerd, a pod is admitted whether or not an Event can be written.
            self.log.exception("no Event for %s", _name(request["object"]))


class _TlsServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext, reviewer: _Reviewer) -> None:
        super().__init__(address, _Handler)
        self._context = context
        self.reviewer = reviewer

    def get_request(self) -> tuple[socket, Any]:
        connection, address = super().get_request()
        # The handshake comes with the first read, in the connection's own thread: a slow one holds up nobody else.
        return self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        self.reviewer.log.exception("a connection failed")


class _Handler(BaseHTTPRequestHandler):
    server: _TlsServer
    timeout = 10

    def do_POST(self) -> None:
        """One review; HTTP/1.0, so the connection ends with it and `stop` leaves none open."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = json.dumps(self.server.reviewer.answer(json.loads(body))).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing for each request: the reviewer logs what it did."""


def _name(pod: dict[str, Any]) -> str:
    metadata = pod["metadata"]
    return str(metadata.get("name") or metadata.get("generateName"))
