"""For tests of the figures of traffic: the world, a worker, and a clusters file of the test's own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import requests
import yaml
from sqlalchemy import select

from portal.config import Config
from portal.db import Database
from portal.models import ToplineCluster, ToplineWorkload
from tests import world
from workers.context import Context
from workers.topline.asking import ask

CLUSTER = "practice"
Key = tuple[str, str, str]


class Seat:
    """A worker that asks for one cluster's figures."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.file = folder / "clusters.yaml"
        with database.unit_of_work() as session:
            world.build(session)
        self.context = Context(Config(clusters_file=self.file), database, self._unreached)

    @staticmethod
    def _unreached(name: str) -> Any:
        raise AssertionError(f"nobody needs cluster {name} for its figures")

    def write(self, **entry: Any) -> None:
        """What the clusters file says of the cluster."""
        self.file.write_text(yaml.safe_dump({CLUSTER: {"practice": "practice.db", **entry}}))

    def ask(self) -> None:
        """Ask now, however recently that was."""
        with self.database.unit_of_work() as session:
            row = session.get(ToplineCluster, CLUSTER)
            if row is not None and row.seen_at is not None:
                row.seen_at -= timedelta(minutes=1)
        ask(self.context, CLUSTER)

    def age(self, **by: float) -> None:
        """Let everything be so much older."""
        with self.database.unit_of_work() as session:
            for row in [*session.scalars(select(ToplineCluster)), *session.scalars(select(ToplineWorkload))]:
                if row.seen_at is not None:
                    row.seen_at -= timedelta(**by)

    def cluster(self) -> ToplineCluster:
        """What is known of the cluster."""
        with self.database.reading() as session:
            return session.get_one(ToplineCluster, CLUSTER)

    def problem(self) -> str:
        """Why there are no figures."""
        return self.cluster().problem or ""

    def rows(self) -> dict[Key, ToplineWorkload]:
        """The workloads by namespace, kind and name."""
        with self.database.reading() as session:
            return {(row.namespace, row.kind, row.name): row for row in session.scalars(select(ToplineWorkload))}


class Front:
    """What stands before a Prometheus, or in its place: every answer may be bent; `asked` has what was sent."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.behind: str | None = None
        self.token: str | None = None
        self.status, self.body = 200, b""
        self.headers: dict[str, str] = {}
        self.seconds_a_piece = 0.0
        self.asked: list[tuple[str, dict[str, list[str]], str | None]] = []

    def answer(self, path: str, sent: bytes, signed: str | None) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for one request."""
        self.asked.append((path, parse_qs(sent.decode()), signed))
        if self.token is not None and signed != f"Bearer {self.token}":
            return 401, {}, b"no"
        if self.behind is None:
            return self.status, self.headers, self.body
        found = requests.post(self.behind + path, data=parse_qs(sent.decode()), timeout=30)
        return found.status_code, {}, found.content


@contextmanager
def front() -> Iterator[Front]:
    """One that runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, body = made.answer(self.path, sent, self.headers.get("Authorization"))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):
                self._send(body)

        def _send(self, body: bytes) -> None:
            size = 1000 if made.seconds_a_piece else len(body) or 1
            for start in range(0, len(body), size):
                self.wfile.write(body[start : start + size])
                time.sleep(made.seconds_a_piece)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made = Front(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
