"""What pages cost with a hundred times as many tickets, and what many open pages cost somebody who loads one.

The server's time: the web application answers in this process, on SQLite, with rows as bench/crowd.py makes them, and
its processor time counts.
"""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from bench import crowd
from bench.figures import Figure, timed, worked
from portal import create_app
from portal.access import web_sessions
from portal.access.web_sessions import LOCALLY, Lifetime
from portal.api.context import EXTENSION
from portal.config import Config
from portal.db import Database, database_now
from portal.embedded import free_port
from portal.migrating import Migrations
from portal.models import Person

FEW, MANY, TRIES = 1_000, 100_000, 12
PAGES = (
    ("Home", "operator", "/"),
    ("Home", "security-7", "/"),
    ("what waits for me", "operator", "/tickets?waiting_for=me"),
    ("what waits for me", "security-7", "/tickets?waiting_for=me"),
    ("the inbox", "operator", "/inbox"),
    ("the inbox", "security-7", "/inbox"),
    ("live", "operator", "/live"),
    ("the list", "operator", "/tickets"),
    ("the list", "dev-a-7", "/tickets"),
    ("search, a word of many", "dev-a-7", "/tickets?q=deployment/app-3+vendor"),
    ("search, a word of few", "operator", "/tickets?q=case+17"),
    ("the file, first bytes", "operator", "/tickets.csv"),
    ("audit", "operator", "/audit"),
    ("audit", "dev-a-7", "/audit"),
    ("audit, a month of a person", "operator", "/audit?person=security-9&from=2026-01-01&until=2026-01-31"),
)
OPEN_PAGES, EVERY, LOADS = 100, 2.0, 25
LASTS = Lifetime(timedelta(days=1), timedelta(days=1))


@dataclass(frozen=True)
class Place:
    """A database with a web application on it, and cookies of people by name."""

    url: str
    folder: Path
    database: Database
    cookies: dict[str, str]


def pages(folder: Path) -> Iterator[Figure]:
    """Each page with few tickets and with many, and a ticket's page alone and beside open ones."""
    url = f"sqlite:///{folder / 'pages.db'}"
    with Migrations(url) as migrations:
        migrations.upgrade()
    app = create_app(Config(var=folder, database_url=url, local_sign_in=True))
    database: Database = app.extensions[EXTENSION].database
    with database.unit_of_work() as session:
        people = crowd.settle(session)
        crowd.fill(session, people, first=1, last=FEW)
        cookies = {name: _cookie(session, name) for name in {who for _, who, _ in PAGES}}
    place = Place(url, folder, database, cookies)
    before = [measured(app.test_client(), place, page, FEW) for page in PAGES]
    with database.unit_of_work() as session:
        crowd.fill(session, people, first=FEW + 1, last=MANY)
    for page, few in zip(PAGES, before, strict=True):
        yield measured(app.test_client(), place, page, MANY).against(few, f"the same of {FEW:,}")
    database.dispose()
    yield from beside_open_pages(place)


def _cookie(session: Session, name: str) -> str:
    person = session.scalars(select(Person.id).where(Person.name == name)).one()
    return web_sessions.begin(session, person, way=LOCALLY, now=database_now(session), lifetime=LASTS)


def measured(client: FlaskClient, place: Place, page: tuple[str, str, str], tickets: int) -> Figure:
    """One page asked for again and again; the first answer, which fills caches, does not count."""
    what, who, path = page
    client.set_cookie("meshdesk", place.cookies[who], domain="localhost")

    def ask() -> None:
        answer = client.get(path, base_url="http://localhost", buffered=False)
        next(iter(answer.response))
        answer.close()
        assert answer.status_code == 200, answer.status  # noqa: S101 - a figure of refusals would be no figure

    ask()
    return Figure(f"{what} ({who}) of {tickets:,} tickets", [worked(ask) for _ in range(TRIES)])


def beside_open_pages(place: Place) -> Iterator[Figure]:
    """A ticket's page loaded from a real web process: by itself, and while a hundred pages ask whether it changed."""
    with serving(place) as port:
        visitor = Visitor(port, place.cookies["operator"])
        alone = Figure("a ticket's page by itself", [timed(visitor.load) for _ in range(LOADS)])
        with open_pages(port, place.cookies["operator"]):
            time.sleep(EVERY)
            beside = [timed(visitor.load) for _ in range(LOADS)]
    yield alone
    yield Figure(f"the same beside {OPEN_PAGES} open pages", beside).against(alone, "by itself")


@dataclass(frozen=True)
class Visitor:
    """Somebody's browser, as far as it asks."""

    port: int
    cookie: str

    def load(self) -> None:
        """Load the page of a ticket on a connection of its own."""
        self.ask(http.client.HTTPConnection("127.0.0.1", self.port), f"/tickets/MD-{MANY}")

    def ask(self, connection: http.client.HTTPConnection, path: str) -> None:
        """Ask for something and read it whole."""
        connection.request("GET", path, headers={"Cookie": f"meshdesk={self.cookie}"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status  # noqa: S101 - a figure of refusals would be no figure


@contextmanager
def open_pages(port: int, cookie: str) -> Iterator[None]:
    """Inside, a hundred tickets' pages are open: each asks for its pulse every two seconds."""
    over = threading.Event()

    def keep_open(number: int) -> None:
        visitor = Visitor(port, cookie)
        over.wait(EVERY * number / OPEN_PAGES)
        while not over.wait(EVERY):
            visitor.ask(http.client.HTTPConnection("127.0.0.1", port), f"/tickets/MD-{MANY - number}/pulse")

    threads = [threading.Thread(target=keep_open, args=(number,)) for number in range(OPEN_PAGES)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


@contextmanager
def serving(place: Place) -> Iterator[int]:
    """Inside, `meshdesk serve` answers on a port of this machine."""
    port = free_port()
    more = {"DATABASE_URL": place.url, "VAR": str(place.folder), "PORT": str(port), "HOST": "127.0.0.1"}
    environ = {**os.environ, **more, "MESHDESK_LOCAL_SIGN_IN": "on"}
    with (place.folder / "serve.log").open("wb") as log:
        words = [sys.executable, "-m", "portal.cli", "serve"]
        process = subprocess.Popen(words, env=environ, stdout=log, stderr=log)  # noqa: S603 - our own command
        try:
            _until_it_answers(port, process)
            yield port
        finally:
            process.terminate()
            process.wait()


def _until_it_answers(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the web process did not begin to answer")
