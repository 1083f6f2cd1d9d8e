"""What `meshdesk up` tells the person who started it."""

from __future__ import annotations

import os
from pathlib import Path

from portal.supervisor.plans import REAL, Setup

ENDING = "Ending."

READY = """
Meshdesk is ready at {address}

  Pages, to sign in      {address}
  API, to read and try   {address}/api/docs
  Tokens by name         {tokens}
  A first command        {command}
  The cluster            {cluster}

Ctrl-C ends it; the next run goes on where this one stopped.
"""
STAND_IN = "a practice cluster, a stand-in kept in {clusters}: nothing real is changed"
REAL_ONE = "a real control plane without real nodes, kept in {folder}: pods are scheduled, no container runs"

LATE = """
Meshdesk is not ready yet: {address}/readyz says what is missing, and so may the lines above. It goes on trying.
"""


def ready(setup: Setup) -> str:
    """The text for a run that answers."""
    return READY.format(
        address=setup.address,
        tokens=_near(setup.folder / "tokens.json"),
        command=_command(setup),
        cluster=_cluster(setup),
    )


def late(setup: Setup) -> str:
    """The text for a run that still does not answer."""
    return LATE.format(address=setup.address)


def _cluster(setup: Setup) -> str:
    if setup.config.clusters_file is not None:
        return f"those of {_near(setup.clusters_file)}"
    if setup.cluster == REAL:
        return REAL_ONE.format(folder=_near(setup.folder / "control-plane"))
    return STAND_IN.format(clusters=_near(setup.folder / "clusters"))


def _command(setup: Setup) -> str:
    variables = f"VAR={_near(setup.folder)} " if setup.folder != Path.cwd() / "var" else ""
    url = f" --url {setup.address}" if setup.address != "http://127.0.0.1:8000" else ""
    return f"{variables}.venv/bin/meshdesk --as member{url} clusters"


def _near(path: Path) -> str:
    """The path as one would type it here."""
    near = os.path.relpath(path)
    return str(path) if near.startswith("..") else near
