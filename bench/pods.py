"""An API server of made pods, in a process of its own: namespaces of 20 Deployments with meshed pods, page by page.

Each pod is made when its page is asked for, so that what the reader of them holds is all that can grow.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from portal.mesh.annotations import SKIP_INBOUND, MeshDefaults
from portal.mesh.injection import DEFAULT_WEBHOOK, inject

DEPLOYMENTS = 20
Object = dict[str, Any]
_VALUES = {"linkerdVersion": "edge-26.6.3", "proxy": {"nativeSidecar": True}}
_CONFIG = {"metadata": {"namespace": "linkerd", "name": "linkerd-config"}, "data": {"values": yaml.safe_dump(_VALUES)}}
_INJECT = {"linkerd.io/inject": "enabled"}


@contextmanager
def served(namespaces: int, pods: int, folder: Path) -> Iterator[Path]:
    """A kubeconfig of an API server with so many namespaces of so many pods each."""
    mine, theirs = get_context("spawn").Pipe()
    server = get_context("spawn").Process(target=_serve, args=(theirs, namespaces, pods), daemon=True)
    server.start()
    try:
        yield _kubeconfig(mine.recv(), folder / f"{namespaces}-{pods}.yaml")
    finally:
        server.terminate()
        server.join()


def _kubeconfig(port: int, path: Path) -> Path:
    named = {"clusters": "cluster", "users": "user", "contexts": "context"}
    inside = {"cluster": {"server": f"http://127.0.0.1:{port}"}, "user": {}, "context": {"cluster": "b", "user": "b"}}
    parts: Object = {plural: [{"name": "b", one: inside[one]}] for plural, one in named.items()}
    path.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "current-context": "b", **parts}))
    return path


def _serve(answers_to: Connection, namespaces: int, pods: int) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    _Handler.world = _World(namespaces, pods)
    answers_to.send(server.server_address[1])
    server.serve_forever()


class _World:
    """Lists by the last part of their path, as functions from a position to an object."""

    def __init__(self, namespaces: int, pods: int) -> None:
        self._namespaces, self._pods = namespaces, pods

    def answer(self, path: str, query: dict[str, list[str]]) -> Object | None:
        """The body of an answer; None for what is not there."""
        fixed = {"linkerd-config": _CONFIG, "linkerd-proxy-injector-webhook-config": DEFAULT_WEBHOOK}
        last = path.rpartition("/")[2]
        if last in fixed:
            return fixed[last]
        if last == "version":
            return {"gitVersion": "v1.37.0"}
        if last not in ("namespaces", "pods", "replicasets", "deployments", *_EMPTY):
            return None
        return self._page(last, path.split("/")[-2], query)

    def _page(self, plural: str, namespace: str, query: dict[str, list[str]]) -> Object:
        many, make = self._list(plural, namespace)
        if "labelSelector" in query:
            many = 0
        first, limit = int(query.get("continue", ["0"])[0]), int(query["limit"][0])
        upto = min(many, first + limit)
        metadata = {"continue": str(upto)} if upto < many else {}
        return {"metadata": metadata, "items": [make(position) for position in range(first, upto)]}

    def _list(self, plural: str, namespace: str) -> tuple[int, Callable[[int], Object]]:
        lists: dict[str, tuple[int, Callable[[int], Object]]] = {
            "namespaces": (self._namespaces, lambda n: {"metadata": {"name": f"shop-{n}", "annotations": _INJECT}}),
            "pods": (self._pods, lambda n: _pod(namespace, n)),
            "replicasets": (
                DEPLOYMENTS,
                lambda n: {"metadata": _owned(namespace, f"app-{n}-7d4", "Deployment", f"app-{n}")},
            ),
            "deployments": (DEPLOYMENTS, lambda n: _deployment(namespace, n)),
        }
        return lists.get(plural, (0, lambda _: {}))


_EMPTY = ("statefulsets", "daemonsets", "cronjobs", "jobs")


def _owned(namespace: str, name: str, kind: str, owner: str) -> Object:
    reference = {"kind": kind, "name": owner, "uid": f"{namespace}-{owner}", "controller": True}
    return {"name": name, "namespace": namespace, "uid": f"{namespace}-{name}", "ownerReferences": [reference]}


def _template(number: int) -> Object:
    # One Deployment in five has a hole.
    annotations = {SKIP_INBOUND: "8080"} if number % 5 == 0 else {}
    container = {"name": "app", "image": "app:1", "env": [{"name": f"V{n}", "value": "x" * 60} for n in range(30)]}
    labels = {"app": f"app-{number}", "pod-template-hash": "7d4"}
    return {"metadata": {"labels": labels, "annotations": annotations}, "spec": {"containers": [container]}}


@cache
def _injected(number: int) -> Object:
    around = {"metadata": {"name": "shop", "annotations": _INJECT}}
    return inject(_template(number), around, MeshDefaults.from_config_map(_CONFIG))


def _pod(namespace: str, position: int) -> Object:
    number = position % DEPLOYMENTS
    made, owner = (
        _injected(number),
        _owned(namespace, f"app-{number}-7d4-{position}", "ReplicaSet", f"app-{number}-7d4"),
    )
    return {"metadata": {**made["metadata"], **owner}, "spec": made["spec"], "status": {"phase": "Running"}}


def _deployment(namespace: str, number: int) -> Object:
    metadata = {"name": f"app-{number}", "namespace": namespace, "uid": f"{namespace}-app-{number}"}
    return {"metadata": metadata, "spec": {"template": _template(number)}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: _World

    def do_GET(self) -> None:
        """One answer, as an API server words it."""
        asked = urlsplit(self.path)
        body = self.world.answer(asked.path, parse_qs(asked.query))
        named = {"details": {"name": asked.path.rpartition("/")[2]}}
        missing = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "reason": "NotFound",
            "code": 404,
            **named,
        }
        text = json.dumps(missing if body is None else {"kind": "Any", **body}).encode()
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        """Say nothing for each request."""
