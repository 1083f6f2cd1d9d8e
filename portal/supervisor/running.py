"""`up`: one run from the lock on its folder to the last child's end. Called by the `meshdesk up` command."""

from __future__ import annotations

import os
import socket
import sys
import time
from contextlib import closing
from dataclasses import replace

from portal.config import Config
from portal.embedded import ValkeyPlan
from portal.errors import ConfigurationError
from portal.supervisor import plans, words
from portal.supervisor.lock import Lock
from portal.supervisor.output import Output
from portal.supervisor.plans import PRACTICE, REAL, Setup
from portal.supervisor.watching import Stopping, Supervisor

READY_SECONDS = 60.0
CLUSTER_SECONDS = 120.0
PORT_SECONDS = 2.0


def up(config: Config, *, cluster: str = PRACTICE, end_with_parent: bool = False) -> int:
    """Run everything until told to end and give the exit code: 0 ended on request, 1 could not start or go on."""
    # Databases, tokens and access files: nobody else's to read, whoever writes them.
    os.umask(0o077)
    output = Output()
    try:
        setup = Setup(_with_sign_in(config), cluster)
        with closing(Lock(setup.folder)) as lock:
            return _run(setup, lock, output, end_with_parent=end_with_parent)
    except ConfigurationError as error:
        print(error.sentence, file=sys.stderr)  # noqa: T201 - the last word of a foreground command
        return 1


def _with_sign_in(config: Config) -> Config:
    """With the local sign-in, unless there is a real one or somebody turned it off; what forbids it raises."""
    return config if config.oidc_issuer or config.local_sign_in is False else replace(config, local_sign_in=True)


def _run(setup: Setup, lock: Lock, output: Output, *, end_with_parent: bool) -> int:
    _check_port(setup.config)
    valkey = None if setup.config.redis_url else ValkeyPlan()
    environment = plans.environment(setup, setup.config.redis_url or (valkey or ValkeyPlan()).url)
    supervisor = Supervisor(output, lock, environment)
    supervisor.listen(end_with_parent=end_with_parent)
    try:
        _start(supervisor, setup, valkey)
        while True:
            supervisor.turn()
    except Stopping:
        output.say(words.ENDING)
        return 0
    finally:
        supervisor.stop()


def _start(supervisor: Supervisor, setup: Setup, valkey: ValkeyPlan | None) -> None:
    if valkey is not None:
        supervisor.keep(plans.queue(valkey))
    if setup.cluster == REAL:
        supervisor.keep(plans.control_plane(setup))
    if not supervisor.until_ready(CLUSTER_SECONDS):
        raise ConfigurationError("Meshdesk did not start: its queue or its cluster is not ready, see the lines above.")
    plans.write_clusters(setup)
    for plan in plans.preparations():
        supervisor.finish(plan)
    for plan in plans.services(setup):
        supervisor.keep(plan)
    ready = supervisor.until_ready(READY_SECONDS)
    supervisor.output.say(words.ready(setup) if ready else words.late(setup))


def _check_port(config: Config) -> None:
    """Refuse a port that somebody listens on; a server that is just ending gets a moment to let go of it."""
    deadline = time.monotonic() + PORT_SECONDS
    while (reason := _taken(config)) is not None:
        if time.monotonic() > deadline:
            raise ConfigurationError(
                f"Port {config.port} of {config.host} cannot be used ({reason}): end what holds it, or choose another "
                f"one: make run PORT={config.port + 1}"
            )
        time.sleep(0.1)


def _taken(config: Config) -> str | None:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family) as probe:
        # As the server itself will: connections that linger from the last run do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.host, config.port))
        except OSError as error:
            return error.strerror or str(error)
        except OverflowError:
            return "ports end at 65535"
    return None
