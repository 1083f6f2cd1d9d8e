"""What `viz reap` and `guard prune` share: they run inside a cluster, without a database and without a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

import click

from portal.cli.times import DurationType

Command = TypeVar("Command", bound=Callable[..., Any])


def options(given: Mapping[str, object]) -> list[str]:
    """The options of a command as `python -m workers` takes them: those that were given, durations in seconds."""
    words = {name: value for name, value in given.items() if value is not None}
    seconds = {name: str(int(value.total_seconds())) for name, value in words.items() if isinstance(value, timedelta)}
    return [word for name, value in words.items() for word in (f"--{name}", seconds.get(name, str(value)))]


def cluster_options(*, grace: str) -> Callable[[Command], Command]:
    """The options of what runs inside a cluster, after Meshdesk's workers should have: how it is reached, how late."""
    chosen = (
        click.option("--kubeconfig", metavar="FILE", help="How the cluster is reached; default: from inside it."),
        click.option("--context", metavar="NAME", help="A context of the kubeconfig; default: its present one."),
        click.option(
            "--grace",
            type=DurationType(),
            default=grace,
            show_default=True,
            help="After its end it is left to the workers so long.",
        ),
    )

    def decorated(command: Command) -> Command:
        for option in reversed(chosen):
            command = option(command)
        return command

    return decorated
