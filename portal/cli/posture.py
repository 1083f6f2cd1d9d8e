"""`meshdesk posture`: what the mesh really looks like; a gate for pipelines; tickets of what was found."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from portal.cli.client import Desk
from portal.cli.output import as_json, instant, paint, table
from portal.cli.place import OPTIONS, place_of, place_options, remember_place
from portal.cli.posture_deeds import adopt, revert
from portal.cli.posture_gate import gate
from portal.cli.reading import json_option
from portal.durations import in_words

MOST_LISTED = 50
HEADS = ("NO", "WHERE", "WHAT", "SINCE", "MADE BY", "TICKETS")


@click.group(invoke_without_command=True)
@click.option("--cluster", help="Only of this cluster.")
@click.option("--namespace", help="Only of this namespace.")
@click.option("--tenant", help="Only of this tenant.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a CSV file of all findings, at most 100,000.")
@click.option(
    "--fail-on",
    type=click.Choice(["unexplained"]),
    help="For pipelines: exit with 1 where no ticket explains something, with 2 where that cannot be known.",
)
@click.option(
    "--max-age",
    type=click.IntRange(1),
    default=15,
    show_default=True,
    metavar="MINUTES",
    help="With --fail-on: how old the reading may be.",
)
@json_option
@place_options
@click.pass_context
def posture(ctx: click.Context, /, **options: Any) -> None:
    """Show how far your workloads are really encrypted, and what no ticket explains."""
    # Whoever names a command of it may say who they are behind that.
    remember_place(ctx, **{name: options.pop(name) for name in OPTIONS})
    if ctx.invoked_subcommand is not None:
        return
    with Desk(place_of(ctx)) as desk:
        _look(desk, **options)


def _look(desk: Desk, /, *, as_csv: bool, fail_on: str | None, max_age: int, plain: bool, **scope: Any) -> None:
    if fail_on:
        gate(desk, timedelta(minutes=max_age), scope)
    elif as_csv:
        for piece in desk.text("/posture/findings.csv", **scope):
            click.echo(piece, nl=False)
    else:
        _show(desk, scope, plain=plain)


def _show(desk: Desk, scope: dict[str, Any], *, plain: bool) -> None:
    whole = desk.get("/posture", **scope).body
    found = [one for _, one in zip(range(MOST_LISTED), desk.items("/posture/findings", **scope), strict=False)]
    if plain:
        click.echo(as_json({**whole, "findings": found}))
        return
    total = whole["encrypted"] + whole["partly"] + whole["unmeshed"]
    click.echo(f"{whole['encrypted']} of {total} workloads are encrypted in whole.")
    click.echo(f"{whole['unexplained'] or 'No'} hole{'' if whole['unexplained'] == 1 else 's'} without a live ticket.")
    for one in whole["clusters"]:
        click.echo(_reading(one))
    if found:
        click.echo("\n" + table(HEADS, map(row_of, found)), nl=False)
    if sum(whole["holes"].values()) > len(found):
        click.echo(f"and {sum(whole['holes'].values()) - len(found)} more: narrow it, or print them with --csv.")
    left = ", ".join(f"{count} {code}" for code, count in whole["leftovers"].items())
    if left:
        click.echo(f"Left over, needs no ticket: {left}.")


def _reading(one: dict[str, Any]) -> str:
    age = one["age_seconds"]
    read = "no worker has read it yet" if age is None else f"read {in_words(timedelta(seconds=age))} ago"
    return f"{one['cluster']}: {read}{'. ' + one['problem'] if one['problem'] else ''}"


def row_of(one: dict[str, Any]) -> tuple[str, ...]:
    """A finding as a line of a table."""
    where = f"{one['cluster']}/{one['namespace']} {one['kind']}/{one['name']}"
    since = one["unexplained_since"]
    asks = f"{one['ticket']} ({one['ticket_state']})" if one["ticket"] else ""
    tickets = ", ".join(filter(None, [*one["tickets"], asks])) or paint("none", "red")
    told = instant(since) if since else "explained"
    return (str(one["number"]), where, one["code"], told, one["made_by"] or "-", tickets)


posture.add_command(adopt)
posture.add_command(revert)
