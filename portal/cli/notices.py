"""`meshdesk notices` and `meshdesk notifications`: who was told what, and how you are told."""

from __future__ import annotations

from typing import Any

import click

from portal.cli.client import Desk, with_desk
from portal.cli.output import as_json, instant, table
from portal.cli.reading import json_option


@click.command()
@click.argument("ref")
@json_option
@with_desk
def notices(desk: Desk, /, *, ref: str, plain: bool) -> None:
    """Tell who was told what of ticket REF, oldest first, and whether it arrived."""
    found = list(desk.items(f"/tickets/{ref}/notices"))
    if plain:
        click.echo(as_json(found))
    elif found:
        click.echo(table(("AT", "WHAT", "WHO", "HOW", "STATE"), [row for one in found for row in _rows(one)]), nl=False)
    else:
        click.echo(f"Nobody was told anything of {ref} yet.")


def _rows(notice: dict[str, Any]) -> list[tuple[str, ...]]:
    went = [(one["recipient"], one["channel"], one["state"]) for one in notice["told"]]
    forgotten = set(notice["recipients"]) - {name for name, _, _ in went}
    told = went + [(name, "-", "-") for name in sorted(forgotten)]
    return [(instant(notice["at"]), notice["title"], *one) for one in told]


@click.group()
def notifications() -> None:
    """How you are told of tickets: at once or once a day, and of what not at all."""


@notifications.command()
@json_option
@with_desk
def show(desk: Desk, /, *, plain: bool) -> None:
    """Show how you are told, and the sorts of notices that there are."""
    found = desk.get("/me/notifications").body
    click.echo(as_json(found) if plain else _page(found), nl=plain)


@notifications.command("set")
@click.option("--digest/--at-once", default=None, help="Once a day, or each at once.")
@click.option("--mute", "muted", multiple=True, metavar="SORT", help="Do not tell me this; repeatable.")
@click.option("--unmute", "unmuted", multiple=True, metavar="SORT", help="Tell me this again; repeatable.")
@with_desk
def set_(desk: Desk, /, *, digest: bool | None, muted: tuple[str, ...], unmuted: tuple[str, ...]) -> None:
    """Change what is named, and leave the rest as it is."""
    now = desk.get("/me/notifications").body
    wanted = {
        "digest": now["digest"] if digest is None else digest,
        "muted": sorted({*now["muted"], *muted} - set(unmuted)),
    }
    click.echo(_page(desk.put("/me/notifications", wanted).body), nl=False)


def _page(found: dict[str, Any]) -> str:
    when = f"once a day, at {found['digest_hour']:02}:00 UTC" if found["digest"] else "at once"
    rows = [(one["name"], _manner(one, found), one["meaning"]) for one in found["sorts"]]
    return f"You are told {when}.\n{table(('SORT', 'TOLD', 'WHAT'), rows)}"


def _manner(sort: dict[str, Any], found: dict[str, Any]) -> str:
    if sort["urgent"]:
        return "at once, always"
    return "no" if sort["name"] in found["muted"] else "yes"
