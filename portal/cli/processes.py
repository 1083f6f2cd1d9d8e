"""The commands that become a process of Meshdesk: `up`, `serve`, `worker`, `beat`."""

from __future__ import annotations

import os
import sys

import click

from portal.config import Config


@click.command()
@click.option(
    "--cluster",
    type=click.Choice(["practice", "real"]),
    default="practice",
    show_default=True,
    help="A cluster kept in a file, or the control plane that `make control-plane` built.",
)
@click.option("--end-with-parent", is_flag=True, help="End when the program that started this one ends.")
def up(cluster: str, end_with_parent: bool) -> None:
    """Run everything that one machine needs, in the foreground: queue, web server, worker and beat."""
    from portal.supervisor import up as supervise  # noqa: PLC0415 - the other processes do not need it

    raise SystemExit(supervise(Config.from_env(), cluster=cluster, end_with_parent=end_with_parent))


@click.command()
def serve() -> None:
    """Run the web server on HOST and PORT."""
    from portal.server import serve as run  # noqa: PLC0415 - the other processes do not need it

    run(Config.from_env())


@click.command()
@click.option("--cluster", "clusters", multiple=True, metavar="NAME", help="Work for this cluster; repeatable.")
@click.option(
    "--queues", "--work", "queues", multiple=True, metavar="LIST", help="Only this work: apply,undo,look,sweep,notify."
)
def worker(clusters: tuple[str, ...], queues: tuple[str, ...]) -> None:
    """Run a worker for the named clusters, or for all of the clusters file."""
    chosen = [word for cluster in clusters for word in ("--cluster", cluster)]
    work = [word for listed in queues for one in listed.split(",") for word in ("--work", one.strip())]
    become("worker", *chosen, *work)


@click.command()
def beat() -> None:
    """Run beat, which has what is due, stuck or unsent looked after."""
    become("beat")


def become(*arguments: str) -> None:
    """Replace this process by `python -m workers …`: the portal never imports the workers."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "workers", *arguments])  # noqa: S606 - no shell is wanted
