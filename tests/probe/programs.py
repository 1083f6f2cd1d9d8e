"""Real servers as programs of their own: MariaDB, OpenLDAP and Debian's PostgreSQL, in a folder that goes with them.

The embedded PostgreSQL of the other tests is built without TLS.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from portal.embedded import die_with_parent
from tests.postgres import EmbeddedPostgres
from tests.workers.receivers import free_port

MARIADB, SLAPD = shutil.which("mariadbd", path="/usr/sbin:/usr/bin"), shutil.which("slapd", path="/usr/sbin:/usr/bin")
POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
WITHOUT = (
    "MariaDB, OpenLDAP and Debian's PostgreSQL are not all on this machine: "
    "`apt-get install mariadb-server-core slapd postgresql` lets them run"
)
NOBODY = "nobody"


@contextmanager
def mariadb(folder: Path, address: str, *, certificate: Path | None = None) -> Iterator[int]:
    """The port of a MariaDB; without a certificate it offers no TLS."""
    if MARIADB is None:
        pytest.skip(WITHOUT)
    data, port = folder / "mariadb", free_port()
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir()
    if os.geteuid() == 0:
        # A program that gives root's rights up reads only what anybody may.
        shutil.chown(data, NOBODY)
    tls = [] if certificate is None else [f"--ssl-cert={certificate}", f"--ssl-key={certificate}"]
    small = ["--skip-grant-tables", "--skip-innodb", "--default-storage-engine=Aria", "--aria-pagecache-buffer-size=1M"]
    where = [f"--datadir={data}", f"--socket={data}/socket", f"--bind-address={address}", f"--port={port}"]
    user = [f"--user={NOBODY}"] if os.geteuid() == 0 else []
    with _running([MARIADB, "--no-defaults", *where, *small, *user, *tls], folder, (address, port)):
        yield port


@contextmanager
def openldap(folder: Path, address: str, *, certificate: Path | None = None) -> Iterator[int]:
    """The port of an OpenLDAP that holds nothing; without a certificate it knows no StartTLS."""
    if SLAPD is None:
        pytest.skip(WITHOUT)
    port, settings = free_port(), folder / "slapd.conf"
    tls = [] if certificate is None else [f"TLSCertificateFile {certificate}", f"TLSCertificateKeyFile {certificate}"]
    settings.write_text("\n".join([f"pidfile {folder}/slapd.pid", *tls, ""]))
    with _running([SLAPD, "-f", settings, "-h", f"ldap://{address}:{port}", "-d", "0"], folder, (address, port)):
        yield port


class DebianPostgres(EmbeddedPostgres):
    """Debian's PostgreSQL, which can offer TLS, run as the embedded one is."""

    def _readable_programs(self) -> Path:
        if not POSTGRES:
            pytest.skip(WITHOUT)
        return POSTGRES[-1].parent


@contextmanager
def _running(command: Sequence[str | Path], folder: Path, door: tuple[str, int]) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call that takes no lock
        )
    try:
        _wait(process, door, folder / "log")
        yield
    finally:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], door: tuple[str, int], log: Path) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(door, 1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"it did not start:\n{log.read_text()}") from None
            time.sleep(0.05)
