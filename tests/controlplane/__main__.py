"""`python -m tests.controlplane up --dir DIR`: a real cluster in the foreground, for `make run CLUSTER=real`."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.controlplane.harness import ControlPlane
from tests.controlplane.injector import Injector
from tests.controlplane.layout import CONTEXT, CannotStartError
from tests.controlplane.programs import Settings
from tests.controlplane.toolchain import say
from tests.controlplane.world import fill

READY = "ready.json"
FILLED = "world-filled"
REVIVE_EVERY_SECONDS = 1.0


def up(directory: Path, settings: Settings, *, end_with_parent: bool = False) -> None:
    """Run a filled cluster under `directory` until SIGTERM or Ctrl-C; DIR/ready.json is there while it can be used."""
    ended = _end_signals()
    parent = os.getppid()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    ready = directory / READY
    with _alone(directory / "lock"), contextlib.ExitStack() as undo:
        ready.unlink(missing_ok=True)
        plane = ControlPlane(directory, settings)
        undo.callback(plane.stop)
        plane.start()
        injector = Injector(plane)
        undo.callback(injector.stop)
        injector.start()
        _fill_once(plane)
        undo.callback(ready.unlink, missing_ok=True)
        _write_whole(ready, _facts(plane, injector))
        say(f"ready; kubeconfig: {plane.admin_kubeconfig}")
        while not (ended.wait(REVIVE_EVERY_SECONDS) or (end_with_parent and os.getppid() != parent)):
            for name in plane.revive():
                say(f"{name} had ended; started again")
        say("ending")


def _fill_once(plane: ControlPlane) -> None:
    """Fill a new cluster. What people changed since is theirs: a cluster that was filled before stays as it is."""
    marker = plane.directory / FILLED
    if not marker.exists():
        fill(plane)
        marker.touch()


def _facts(plane: ControlPlane, injector: Injector) -> str:
    facts = {
        "kubeconfig": str(plane.admin_kubeconfig),
        "context": CONTEXT,
        "server": plane.server,
        "injector": injector.url,
        "pid": os.getpid(),
    }
    return json.dumps(facts, indent=2)


def _write_whole(path: Path, text: str) -> None:
    """Whoever waits for the file must never read half of it."""
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(path)


def _end_signals() -> threading.Event:
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    return ended


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotStartError(
                f"A control plane runs in {lock.parent} already: end it, or choose another --dir."
            ) from error
        yield


def main() -> int:
    """Parse the command line and run; 1 with the reason when the control plane does not come up."""
    parser = argparse.ArgumentParser(prog="python -m tests.controlplane", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("up", help="run a filled cluster until it is told to end")
    command.add_argument("--dir", type=Path, required=True, help="where it keeps everything, for the next time too")
    command.add_argument("--nodes", type=int, default=2)
    command.add_argument("--end-with-parent", action="store_true", help="end when the starting process is gone")
    arguments = parser.parse_args()
    try:
        up(arguments.dir, Settings(nodes=arguments.nodes), end_with_parent=arguments.end_with_parent)
    except CannotStartError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
