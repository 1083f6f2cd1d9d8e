"""What `meshdesk up` runs: the queue, the cluster, what prepares a fresh folder, and the processes of the product."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import yaml

from portal.config import Config
from portal.embedded import ValkeyPlan
from portal.errors import ConfigurationError
from portal.supervisor.child import Plan

PRACTICE, REAL = "practice", "real"
# How Celery ends the line that it writes when a worker takes tasks.
WORKER_READY = " ready."
# A process of its own does the rest: undoing never waits behind applying.
WORK = "apply,look,sweep,notify"
WORLDS = ("practice", "practice-sandbox")
NEVER_BY_PROXY = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class Setup:
    """The settings of one run and which cluster it is on; `folder` is VAR as an absolute path."""

    config: Config
    cluster: str = PRACTICE

    def __post_init__(self) -> None:
        if self.cluster not in (PRACTICE, REAL):
            raise ConfigurationError(f"CLUSTER={self.cluster!r} is unknown: use {PRACTICE} or {REAL}.")

    @property
    def folder(self) -> Path:
        """Where everything is kept."""
        return self.config.var.absolute()

    @property
    def clusters_file(self) -> Path:
        """The workers' access file: the one that the settings name, else one that `meshdesk up` writes."""
        return (self.config.clusters_file or self.folder / "clusters.yaml").absolute()

    @property
    def address(self) -> str:
        """Where people and the readiness check find the web server."""
        host = "127.0.0.1" if self.config.host in ("0.0.0.0", "") else self.config.host  # noqa: S104 - compared only
        return f"http://{f'[{host}]' if ':' in host else host}:{self.config.port}"


def environment(setup: Setup, redis_url: str) -> dict[str, str]:
    """The settings that every child gets, over the environment that the supervisor has."""
    own = {
        "VAR": str(setup.folder),
        "HOST": setup.config.host,
        "PORT": str(setup.config.port),
        "DATABASE_URL": setup.config.database,
        "REDIS_URL": redis_url,
        "MESHDESK_CLUSTERS": str(setup.clusters_file),
        "MESHDESK_LOCAL_SIGN_IN": "on" if setup.config.local_sign_in else "off",
        "PYTHONUNBUFFERED": "1",
    }
    return {**os.environ, **own}


def queue(valkey: ValkeyPlan) -> Plan:
    """The embedded Redis-protocol server."""
    return Plan("queue", valkey.command, stdin=valkey.settings, ready=valkey.answers, ends_last=True)


def control_plane(setup: Setup) -> Plan:
    """The real control plane of the tests; it says that it is ready by a file."""
    folder = setup.folder / "control-plane"
    sign = folder / "ready.json"
    sign.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.controlplane", "up", "--dir", str(folder)]
    return Plan("cluster", command, ready=sign.exists, ends_last=True)


def write_clusters(setup: Setup) -> None:
    """Write the workers' access file, unless the settings name one. On CLUSTER=real its control plane must be ready."""
    if setup.config.clusters_file is not None:
        return
    entries: dict[str, Mapping[str, Any]] = {name: {"practice": f"clusters/{name}.db"} for name in WORLDS}
    if setup.cluster == REAL:
        facts = json.loads((setup.folder / "control-plane" / "ready.json").read_text())
        # No container runs there, and its pods' addresses may be those of somebody else's machines.
        reached = {"kubeconfig": facts["kubeconfig"], "context": facts["context"], "probe": {"enabled": False}}
        entries[WORLDS[0]] = reached
    draft = setup.clusters_file.with_suffix(".new")
    draft.write_text(yaml.safe_dump(entries))
    draft.replace(setup.clusters_file)


def preparations() -> list[Plan]:
    """What must have ended well before the product starts; each changes nothing where it was done before."""
    return [
        _python("database", "portal.cli", "db", "upgrade"),
        _python("people", "portal.practice"),
        _python("clusters", "workers.first_look"),
    ]


def services(setup: Setup) -> list[Plan]:
    """The processes of the product."""
    return [
        replace(_python("web", "portal.cli", "serve"), ready=lambda: _is_ready(setup.address)),
        replace(_python("worker", "portal.cli", "worker", "--work", WORK), ready_words=WORKER_READY),
        replace(_python("undo", "portal.cli", "worker", "--work", "undo"), ready_words=WORKER_READY),
        _python("beat", "portal.cli", "beat"),
    ]


def _python(name: str, module: str, *arguments: str) -> Plan:
    return Plan(name, [sys.executable, "-m", module, *arguments])


def _is_ready(address: str) -> bool:
    try:
        with NEVER_BY_PROXY.open(f"{address}/readyz", timeout=1) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 - the one status that means ready
    except (URLError, OSError):
        return False
