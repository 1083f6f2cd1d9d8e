"""`meshdesk list`, `show`, `events`, `evidence`: what is known of tickets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote

import click

from portal.cli.client import Desk, with_desk
from portal.cli.output import as_json, instant, paint, state_text, table
from portal.cli.page import told_line, whole
from portal.cli.times import left_until
from portal.durations import in_words

json_option = click.option("--json", "plain", is_flag=True, help="Print JSON as the API gave it.")


@click.command("list")
@click.option("--search", "q", metavar="WORDS", help="Only tickets that hold all of these words.")
@click.option("--state", "states", multiple=True, help="Only tickets in this state; repeatable.")
@click.option("--waiting-for-me", is_flag=True, help="Only tickets that you may decide now.")
@click.option(
    "--owed", type=click.Choice(["review", "recertification"]), help="Only tickets that wait for such a word."
)
@click.option("--mine", is_flag=True, help="Only tickets that you asked for.")
@click.option("--requester", metavar="NAME", help="Only tickets of this person.")
@click.option("--environment", help="Only sandbox, staging or production.")
@click.option("--from", "from_", metavar="TIME", help="Only tickets asked since then: a day (UTC) or RFC 3339.")
@click.option("--until", metavar="TIME", help="Only tickets asked until then, such a day included.")
@click.option("--saved", metavar="NAME", help="The view that you keep under this name; other options narrow it.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most, newest first.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a CSV file of all of them, at most 100,000.")
@json_option
@with_desk
def list_(  # noqa: PLR0913
    desk: Desk,
    /,
    *,
    states: tuple[str, ...],
    waiting_for_me: bool,
    mine: bool,
    saved: str | None,
    limit: int,
    as_csv: bool,
    plain: bool,
    **same: str | None,
) -> None:
    """List tickets that you may see, newest first.

    --search finds references, workloads (kind/name or name), ports, sign-in names, and words of reasons and titles,
    each from its beginning.
    """
    query = {
        **(_saved(desk, saved) if saved is not None else {}),
        **({"state": ",".join(states)} if states else {}),
        **({"waiting_for": "me"} if waiting_for_me else {}),
        **({"mine": "true"} if mine else {}),
        **{name.rstrip("_"): said for name, said in same.items() if said is not None},
    }
    if as_csv:
        for piece in desk.text("/tickets.csv", **query):
            click.echo(piece, nl=False)
        return
    found = desk.items("/tickets", **query, limit=min(limit, 200))
    tickets = [ticket for _, ticket in zip(range(limit), found, strict=False)]
    if plain:
        click.echo(as_json(tickets))
    elif tickets:
        click.echo(table(("REF", "STATE", "KIND", "WHERE", "ASKED BY", "ENDS"), map(_row, tickets)), nl=False)
    else:
        click.echo("No such tickets.")


def _saved(desk: Desk, name: str) -> dict[str, str]:
    return dict(parse_qsl(desk.get(f"/me/filters/{quote(name, safe='')}").body["query"]))


def _row(ticket: dict[str, Any]) -> tuple[str, ...]:
    where = "/".join(part for part in (ticket["cluster"], ticket["namespace"]) if part) or "-"
    state = state_text(ticket["state"], ticket["outcome"])
    broken = paint(", glass broken", "red") if ticket["break_glass"] and ticket["review"]["by"] is None else ""
    return (ticket["ref"], state + broken, ticket["kind"], where, ticket["requester"], _ends(ticket))


def _ends(ticket: dict[str, Any]) -> str:
    if ticket["state"] == "active" and ticket["expires_at"]:
        return f"in {in_words(left_until(ticket['expires_at'], datetime.now(UTC)))}"
    return ticket["outcome"] or instant(ticket["expires_at"])


@click.command()
@click.argument("ref")
@json_option
@with_desk
def show(desk: Desk, /, *, ref: str, plain: bool) -> None:
    """Show ticket REF whole: state, what is next, change, findings, approvals, window."""
    ticket = desk.get(f"/tickets/{ref}").body
    if plain:
        click.echo(as_json(ticket))
        return
    evidence = list(desk.items(f"/tickets/{ref}/evidence"))
    click.echo(whole(ticket, evidence, datetime.now(UTC)))
    if line := told_line(list(desk.items(f"/tickets/{ref}/notices"))):
        click.echo(f"\n{line}")
    for comment in desk.items(f"/tickets/{ref}/comments"):
        sort = "" if comment["sort"] == "comment" else f" ({comment['sort']})"
        click.echo(f"\n{comment['author']}, {instant(comment['at'])}{sort}:\n  {comment['text']}")


@click.command()
@click.argument("ref")
@json_option
@with_desk
def events(desk: Desk, /, *, ref: str, plain: bool) -> None:
    """Tell the story of ticket REF, oldest first."""
    found = list(desk.items(f"/tickets/{ref}/events"))
    if plain:
        click.echo(as_json(found))
        return
    rows = [(str(one["number"]), instant(one["at"]), one["actor"], one["type"], _told(one["payload"])) for one in found]
    click.echo(table(("NO", "AT", "BY", "WHAT", "WHY"), rows), nl=False)


def _told(payload: dict[str, Any] | None) -> str:
    told = payload or {}
    return str(next((told[name] for name in ("reason", "note", "why", "text") if told.get(name)), ""))


@click.command()
@click.argument("ref")
@with_desk
def evidence(desk: Desk, /, *, ref: str) -> None:
    """Print what workers saw of ticket REF, as JSON: preflight, pods before, applied, undone."""
    click.echo(as_json(list(desk.items(f"/tickets/{ref}/evidence"))))
