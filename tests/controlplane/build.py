"""Builds the control plane program into a cache outside the tree, once per version. `make control-plane` calls it.

harness.py and the pytest fixtures ask `cached_program()` for what is there and never build by themselves.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import re
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.controlplane.toolchain import BuildError, find_go, say

SOURCE = Path(__file__).parent / "program"
PROGRAM = "controlplane"
COMMAND = "make control-plane"
BUILD_FLAGS = ("-mod=readonly", "-buildvcs=false", "-trimpath")
REPORT_EVERY_SECONDS = 10.0


def cache_root() -> Path:
    """The folder that keeps builds: $XDG_CACHE_HOME or ~/.cache, then meshdesk/control-plane."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "meshdesk" / "control-plane"


def build_key(source: Path = SOURCE) -> str:
    """The hash of everything that decides what the program is: go.mod, go.sum, main.go, link flags and machine."""
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum", "main.go"):
        digest.update(name.encode() + b"\0" + (source / name).read_bytes() + b"\0")
    digest.update("\0".join([*BUILD_FLAGS, _link_flags(source), platform.system(), platform.machine()]).encode())
    return digest.hexdigest()


def cached_program() -> Path | None:
    """The built program of this version, or None when it was not built on this machine."""
    program = cache_root() / build_key() / PROGRAM
    return program if program.is_file() else None


def build() -> Path:
    """The built program of this version, building it first where needed; safe when two run at once. BuildError."""
    found = cached_program()
    if found:
        return found
    root = cache_root()
    root.mkdir(parents=True, exist_ok=True)
    with _only_one(root / "lock"):
        return cached_program() or _build_into(root / build_key())


def _build_into(folder: Path) -> Path:
    started = time.monotonic()
    go = find_go(SOURCE / "go.mod", cache_root())
    folder.mkdir(exist_ok=True)
    unfinished = folder / f"{PROGRAM}.unfinished"
    say("building (about 6 minutes on 2 cores the first time; 3 GB of memory at its peak)")
    _compile(go, unfinished)
    program = folder / PROGRAM
    unfinished.replace(program)
    say(f"built in {time.monotonic() - started:.0f} s, {program.stat().st_size / 1e6:.0f} MB")
    return program


def _compile(go: str, target: Path) -> None:
    arguments = [go, "build", *BUILD_FLAGS, "-v", "-ldflags", _link_flags(SOURCE), "-o", str(target), "."]
    process = subprocess.Popen(
        arguments, cwd=SOURCE, env=_environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    with process:
        last_lines = _follow(process.stderr)
    if process.returncode != 0:
        raise BuildError("The Go build of the control plane failed:\n" + "\n".join(last_lines))


def _follow(output: Iterator[str]) -> list[str]:
    """Print how far the build is, now and then; return its last lines."""
    last_lines: deque[str] = deque(maxlen=30)
    started = reported = time.monotonic()
    modules = packages = 0
    for line in output:
        downloading = line.startswith("go: downloading")
        modules, packages = modules + downloading, packages + (not downloading)
        last_lines.append(line.rstrip())
        if time.monotonic() - reported >= REPORT_EVERY_SECONDS:
            reported = time.monotonic()
            say(f"{modules} modules fetched, {packages} packages compiled, {reported - started:.0f} s")
    return list(last_lines)


def _link_flags(source: Path) -> str:
    """Stripped, and with the version of Kubernetes that a release build would say."""
    match = re.search(r"^\s*k8s\.io/kubernetes v(\d+)\.(\d+)\.(\d+)$", (source / "go.mod").read_text(), re.MULTILINE)
    if match is None:
        raise BuildError("go.mod does not require k8s.io/kubernetes at a release version: put it back.")
    major, minor, _ = match.groups()
    version = {"gitVersion": ".".join([f"v{major}", *match.groups()[1:]]), "gitMajor": major, "gitMinor": minor}
    stamps = [f"-X k8s.io/component-base/version.{name}={value}" for name, value in version.items()]
    return " ".join(["-s", "-w", *stamps])


def _environment() -> dict[str, str]:
    return os.environ | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Hold the lock file; a second build waits here and then finds the first one's result."""
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another build is running; waiting for it")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Build where needed and say where the program is; 1 with the reason when it cannot be built."""
    try:
        program = build()
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    say(f"ready: {program}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
