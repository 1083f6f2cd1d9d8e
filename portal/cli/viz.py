"""`meshdesk viz reap`: what a CronJob inside the cluster runs, so that no Viz outlives a Meshdesk that is dead."""

from __future__ import annotations

import click

from portal.cli.inside import cluster_options, options
from portal.cli.processes import become
from portal.cli.times import DurationType


@click.group()
def viz() -> None:
    """Viz in a cluster, without a database and without a server."""


@viz.command()
@cluster_options(grace="15m")
@click.option("--patience", type=DurationType(), default="5m", show_default=True, help="How long a removal may take.")
def reap(**given: object) -> None:
    """Remove a Viz that Meshdesk installed and whose end is over; nothing else is touched."""
    become("reap", *options(given))
