"""The real web application in a thread, with a world of people and workloads, for the commands that are its clients."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from flask import Flask
from werkzeug.serving import make_server

from portal.api.context import EXTENSION, Parts
from portal.api.waiting import WaitingRoom
from portal.config import Config
from portal.db import Database
from tests.api.desk import Desk


@dataclass(frozen=True)
class Served:
    """A server's address, and the same application at hand to play the worker's part."""

    url: str
    desk: Desk


@contextmanager
def served(app: Flask, database: Database) -> Iterator[Served]:
    """A server of this application with parts of its own: this database, and a waiting room that nobody was in."""
    address = database.engine.url.render_as_string(hide_password=False)
    config = replace(Config(), database_url=address, shortest_window=timedelta(seconds=1))
    app.extensions[EXTENSION] = Parts(config, database, WaitingRoom(config.web_threads))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{server.server_port}", Desk(app.test_client(), database))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
