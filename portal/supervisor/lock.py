"""The folder VAR belongs to one `meshdesk up` at a time; what a killed one left running is ended by the next."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from portal.errors import ConfigurationError

FILE = "meshdesk.lock"


class Lock:
    """Held until closed or until this process ends, however it ends: the system lets go of it."""

    def __init__(self, var: Path) -> None:
        _private_folder(var)
        self._file = (var / FILE).open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            pid = self._read().get("pid", "unknown")
            self._file.close()
            raise ConfigurationError(
                f"Meshdesk already runs on {var} (process {pid}): end it first, or give this one another folder by VAR."
            ) from error
        _end_leftovers(self._read().get("groups", {}))
        self.note({})

    def note(self, groups: dict[int, str]) -> None:
        """Remember the process groups that run now, each with the program that leads it."""
        self._file.seek(0)
        self._file.truncate()
        json.dump({"pid": os.getpid(), "groups": groups}, self._file)
        self._file.flush()

    def close(self) -> None:
        """Let the next one have the folder."""
        self.note({})
        self._file.close()

    def _read(self) -> dict[str, Any]:
        self._file.seek(0)
        try:
            found = json.load(self._file)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def _private_folder(var: Path) -> None:
    """Make the folder for its owner's eyes only; one that holds other things keeps the mode that somebody gave it."""
    try:
        var.mkdir(parents=True, exist_ok=True, mode=0o700)
        if (var / FILE).exists() or not any(var.iterdir()):
            var.chmod(0o700)
    except OSError as error:
        raise ConfigurationError(
            f"The folder {var} cannot be made or used ({error.strerror}): name another by VAR."
        ) from error


def _end_leftovers(groups: dict[str, str]) -> None:
    """Kill the groups of a supervisor that was killed, where they still run the program that they were started with.

    On Linux the system has done it for all but what the children had started themselves.
    """
    for group in {group for group, program in _running() if groups.get(str(group)) == program}:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def _running() -> Iterable[tuple[int, str]]:
    try:
        listing = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pgid=,args="],  # noqa: S607 - the system's own, wherever it is
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return
    for line in listing.stdout.splitlines():
        group, *arguments = line.split()
        if group.isdigit() and arguments:
            yield int(group), arguments[0]
