"""`meshdesk viz reap`: what a CronJob inside the cluster runs, so that no Viz outlives a Meshdesk that is dead."""

from __future__ import annotations

import click

from portal.cli.processes import become
from portal.cli.times import DurationType


@click.group()
def viz() -> None:
    """Viz in a cluster, without a database and without a server."""


@viz.command()
@click.option("--kubeconfig", metavar="FILE", help="How the cluster is reached; default: from inside it.")
@click.option("--context", metavar="NAME", help="A context of the kubeconfig; default: its present one.")
@click.option(
    "--grace",
    type=DurationType(),
    default="15m",
    show_default=True,
    help="After its end it is left to the workers so long.",
)
@click.option("--patience", type=DurationType(), default="5m", show_default=True, help="How long a removal may take.")
def reap(**given: object) -> None:
    """Remove a Viz that Meshdesk installed and whose end is over; nothing else is touched."""
    words = []
    for name, value in given.items():
        if value is not None:
            seconds = getattr(value, "total_seconds", None)
            words += [f"--{name}", str(int(seconds())) if seconds else str(value)]
    become("reap", *words)
