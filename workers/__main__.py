"""`python -m workers worker|beat|reap|prune-guard`: what touches clusters; the `meshdesk` command comes here."""

from __future__ import annotations

import logging
import sys
from datetime import timedelta
from pathlib import Path

import click

from portal.config import Config
from portal.errors import ClusterError, MeshdeskError
from portal.outbox import NOTIFY_QUEUE, apply_queue, look_queue, undo_queue
from workers.celery import SWEEP_QUEUE, make_celery
from workers.cluster.access import configured
from workers.tasks import register

WORK = ("apply", "undo", "look", "sweep", "notify")


@click.group()
def main() -> None:
    """Run a worker or the beat."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")


@main.command()
@click.option("--cluster", "clusters", multiple=True, help="Only this cluster (repeatable); default: all configured.")
@click.option("--work", "work", multiple=True, type=click.Choice(WORK), help="Only this work; default: all of it.")
def worker(clusters: tuple[str, ...], work: tuple[str, ...]) -> None:
    """Carry out tickets until told to stop."""
    config = Config.from_env()
    app = make_celery(config)
    register(app)
    app.Worker(
        pool="threads",
        concurrency=config.worker_threads,
        queues=queues_for(clusters, work or WORK, config),
        loglevel="INFO",
        quiet=True,
        without_mingle=True,
        without_gossip=True,
    ).start()


def queues_for(clusters: tuple[str, ...], work: tuple[str, ...], config: Config) -> list[str]:
    """The queues that a worker for these clusters (or all of its file) and this work listens on."""
    named = {"apply": apply_queue, "undo": undo_queue, "look": look_queue}
    wanted = [named[one] for one in work if one in named]
    # Sweeping and telling people need no cluster, and so no file that says how to reach one.
    where = (clusters or tuple(configured(config))) if wanted else ()
    common = {"sweep": SWEEP_QUEUE, "notify": NOTIFY_QUEUE}
    return [queue(cluster) for queue in wanted for cluster in where] + [common[one] for one in work if one in common]


@main.command()
def beat() -> None:
    """Call the sweep at its pace until told to stop."""
    make_celery(Config.from_env()).Beat(loglevel="INFO", quiet=True).run()


@main.command()
@click.option("--kubeconfig", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Default: in-cluster.")
@click.option("--context", help="A context of the kubeconfig; default: its present one.")
@click.option("--grace", type=int, default=15 * 60, help="Seconds after its end that a Viz is left to the workers.")
@click.option("--patience", type=int, default=5 * 60, help="Seconds that a removal may take.")
def reap(kubeconfig: Path | None, context: str | None, grace: int, patience: int) -> None:
    """Remove a Viz of Meshdesk's that is over, by what the cluster itself says of it."""
    # The kubernetes client takes half a second to import, and nothing else here needs it.
    from workers.cluster.kubernetes import KubernetesCluster  # noqa: PLC0415
    from workers.viz.reaping import reap as remove  # noqa: PLC0415

    cluster = KubernetesCluster("here", kubeconfig=kubeconfig, context=context, timeout=10.0)
    try:
        done = remove(cluster, grace=timedelta(seconds=grace), patience=timedelta(seconds=patience), say=click.echo)
    except ClusterError as error:
        sys.exit(error.sentence)
    sys.exit(0 if done else 1)


@main.command("prune-guard")
@click.option("--kubeconfig", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Default: in-cluster.")
@click.option("--context", help="A context of the kubeconfig; default: its present one.")
@click.option("--grace", type=int, default=60, help="Seconds after its end that a line is left to the workers.")
def prune_guard(kubeconfig: Path | None, context: str | None, grace: int) -> None:
    """Take out of the guard's parameters what tickets allowed that are over, by what each line says of its end."""
    # As above.
    from workers.cluster.kubernetes import KubernetesCluster  # noqa: PLC0415
    from workers.guard.pruning import prune  # noqa: PLC0415

    cluster = KubernetesCluster("here", kubeconfig=kubeconfig, context=context, timeout=10.0)
    try:
        done = prune(cluster, grace=timedelta(seconds=grace), say=click.echo)
    except ClusterError as error:
        sys.exit(error.sentence)
    sys.exit(0 if done else 1)


@main.group("channels")
def channels_() -> None:
    """Check the channels file, and send a test notice."""


@channels_.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(file: Path) -> None:
    """Say whether FILE is a channels file, and which channels it has."""
    from workers.notify.trying import described  # noqa: PLC0415 - Apprise is loaded for it

    click.echo(described(file))


@channels_.command()
@click.argument("name")
@click.option("--to", metavar="ADDRESS", help="The mail address to send to, for the channel `mail`.")
def test(name: str, to: str | None) -> None:
    """Send a test notice by the channel NAME of the file that MESHDESK_CHANNELS names."""
    from workers.notify.trying import send_test  # noqa: PLC0415 - as above

    click.echo(send_test(Config.from_env(), name, to))


def run() -> None:
    """Run the command; what cannot be used or done is a sentence, not a traceback."""
    try:
        main(prog_name="python -m workers")
    except MeshdeskError as error:
        sys.exit(error.sentence)


if __name__ == "__main__":
    run()
