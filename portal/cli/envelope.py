"""What every request says besides its kind's own fields: where, for how long, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from portal.cli.times import InstantType, RestartWindowType, duration_option
from portal.durations import format_duration

NAMES = ("cluster", "namespace", "tenant", "reason", "renews", "starts_at", "restart_window")


def _cluster(*, required: bool) -> Callable[[Any], Any]:
    return click.option("--cluster", required=required, help="The cluster's name (see `meshdesk clusters`).")


def _namespace(*, required: bool) -> Callable[[Any], Any]:
    return click.option("--namespace", "-n", required=required, help="A namespace of your tenant.")


# By the scope of a kind; where its fields name the namespaces, the kind has an option of its own for them.
PLACES: dict[str, tuple[Callable[[Any], Any], ...]] = {
    "namespace": (_cluster(required=True), _namespace(required=True)),
    "namespaces": (_cluster(required=True),),
    "anything": (
        click.option("--tenant", help="Yours that it is for; needed where you have several."),
        _cluster(required=False),
        _namespace(required=False),
    ),
}
OTHERS = (
    click.option("--reason", required=True, help="Why it is needed; who decides reads it."),
    duration_option("--for", "duration", words="How long, from when it is written: 30m, 1h30m, 7d or PT30M."),
    click.option(
        "--starts-at",
        type=InstantType(),
        metavar="TIME",
        help="Not applied before: 2026-07-01T10:00:00Z; default: as soon as it is approved.",
    ),
    click.option(
        "--restart-window",
        type=RestartWindowType(),
        metavar="HOURS",
        help="Pods restart to apply it only then, in UTC: 22:00-04:00, or mon-fri 22:00-04:00.",
    ),
    click.option("--renews", metavar="REF", help="The open ticket that this one follows."),
)


def ask_of(kind: str, given: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """The request as POST /tickets takes it."""
    return {
        "kind": kind,
        **{name: given[name] for name in NAMES if given.get(name) is not None},
        "duration": None if given["duration"] is None else format_duration(given["duration"]),
        "fields": fields,
    }
