"""`meshdesk posture adopt` and `revert`: tickets of what posture found, as a platform operator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import click

from portal.cli.client import Desk, with_desk
from portal.cli.output import table
from portal.cli.page import brief
from portal.cli.times import duration_option
from portal.durations import format_duration

PATH = "/posture/adoptions"


Command = Callable[..., Any]


def _deed(words: str) -> Callable[[Command], Command]:
    """The options that both share, last first."""
    options = (
        click.argument("number", required=False, type=click.IntRange(1)),
        click.option("--all", "everything", is_flag=True, help=f"{words} each finding without a ticket."),
        click.option("--cluster", help="With --all: only of this cluster."),
        click.option("--namespace", help="With --all: only of this namespace."),
        click.option("--tenant", help="With --all: only of this tenant."),
        click.option("--code", help="With --all: only of this sort, like skip-outbound."),
        click.option("--reason", required=True, help="Why; the tenant reads it on the ticket."),
        click.option("--yes", is_flag=True, help="Do not ask back."),
    )

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@click.command()
@_deed("Make a ticket of")
@duration_option("--for", "duration", words="How long it may stay; left out: as long as its rule allows.")
@with_desk
def adopt(desk: Desk, /, *, number: int | None, everything: bool, yes: bool, **said: Any) -> None:
    """Make a ticket for its tenant of finding NUMBER (`meshdesk posture` lists them), or of all.

    What is there stays as it is until the ticket ends: nothing restarts before. The tenant's people decide on it.
    """
    _do(desk, "adopt", number, everything=everything, yes=yes, **said)


@click.command()
@_deed("Close")
@with_desk
def revert(desk: Desk, /, *, number: int | None, everything: bool, yes: bool, **said: Any) -> None:
    """Have finding NUMBER, or all, closed by a ticket that nobody has to approve: pods restart, the tenant is told."""
    _do(desk, "revert", number, everything=everything, yes=yes, **said)


def _do(desk: Desk, deed: str, number: int | None, *, everything: bool, yes: bool, **said: Any) -> None:
    scope = {name: said.pop(name) for name in ("cluster", "namespace", "tenant", "code")}
    duration: timedelta | None = said.pop("duration", None)
    body = {**said, **({"duration": format_duration(duration)} if duration else {})}
    if everything == (number is not None) or (number is not None and any(scope.values())):
        raise click.UsageError("Name one finding by its number, or --all of a scope.")
    if number is not None:
        if deed == "revert" and not yes:
            click.confirm("It is taken out of the cluster and its pods restart. Close it?", abort=True)
        click.echo(brief(desk.post(f"/posture/findings/{number}/{deed}", body).body))
        return
    named = {name: value for name, value in scope.items() if value is not None}
    _many(desk, {**body, **named, "becomes": {"adopt": "keep", "revert": "close"}[deed]}, yes=yes)


def _many(desk: Desk, asked: dict[str, Any], *, yes: bool) -> None:
    planned = desk.post(PATH, asked).body["items"]
    able = [one for one in planned if one["kind"]]
    _tell("Left alone:", [one for one in planned if not one["kind"]], "why_not")
    if not able:
        click.echo("There is nothing to make a ticket of.")
        return
    _tell("To become tickets:", able, "kind")
    if not yes:
        click.confirm(f"Make these {len(able)}?", abort=True)
    _make(desk, asked)


def _make(desk: Desk, asked: dict[str, Any]) -> None:
    total, more = 0, True
    while more:
        done = desk.post(PATH, {**asked, "dry_run": False}).body
        made = [one for one in done["items"] if one["kind"]]
        _tell("Made:", made, "ref")
        total += len(made)
        # One that never can be made must not make this go on for ever.
        more = done["more"] and bool(made)
    click.echo(f"Made {total}; see `meshdesk list`.")


def _tell(head: str, items: list[dict[str, Any]], what: str) -> None:
    if not items:
        return
    rows = [(_where(one["finding"]), one["finding"]["code"], one[what] or "-") for one in items]
    click.echo(head)
    click.echo(table(("WHERE", "FOUND", what.replace("_", " ").upper()), rows), nl=False)


def _where(one: dict[str, Any]) -> str:
    return f"{one['cluster']}/{one['namespace']} {one['kind']}/{one['name']}"
