"""`meshdesk people`: who there is, and letting somebody act no more, as a platform operator."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import click

from portal.cli.client import Desk, with_desk
from portal.cli.output import as_json, instant, table
from portal.cli.reading import json_option

HEADS = ("PERSON", "TITLE", "FROM", "LAST VOUCHED FOR", "MAY ACT")


@click.group()
def people() -> None:
    """List people, deactivate one, bring one back, let go of an identity."""


@people.command("list")
@json_option
@with_desk
def list_(desk: Desk, /, *, plain: bool) -> None:
    """List everybody, newest first; operators and auditors may."""
    found = list(desk.items("/people"))
    click.echo(as_json(found) if plain else table(HEADS, map(_row, found)).rstrip("\n"))


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    seen = instant(one["seen_at"]) if one["subject"] else "-"
    return (one["name"], one["title"], one["source"], seen, _standing(one))


def _standing(one: dict[str, Any]) -> str:
    if one["deactivated_at"]:
        return f"no, deactivated by {one['deactivated_by']}: {one['deactivated_reason']}"
    return "yes" if one["may_act"] else "no, the registry names them no more"


def _verb(name: str, words: str, done: str) -> click.Command:
    @people.command(name, help=words)
    @click.argument("person", metavar="NAME")
    @click.option("--reason", required=True, help="Why; it goes into the audit trail.")
    @with_desk
    def command(desk: Desk, /, *, person: str, reason: str) -> None:
        desk.post(f"/people/{quote(person, safe='')}/{name}", {"reason": reason})
        click.echo(done.format(person=person))

    return command


deactivate = _verb(
    "deactivate",
    "Let NAME do nothing more, at once.",
    "{person} may do nothing any more: sessions are ended, tokens are refused. What they asked for stays as it is.",
)
activate = _verb("activate", "Let NAME, who was deactivated, act again.", "{person} may act again.")
unbind = _verb(
    "unbind",
    "Let go of the identity of NAME, for somebody with a new account.",
    "{person} is bound to no identity: whoever signs in with this name first is {person} from then on.",
)
