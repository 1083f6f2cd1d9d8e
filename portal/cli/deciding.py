"""`meshdesk approve` and `reject`: decide on exactly what was shown, one ticket or several."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from portal.cli.client import Desk, Reply, with_desk
from portal.cli.failures import Failure
from portal.cli.granting import Word, grant_of, grant_options
from portal.cli.page import brief, whole

yes_option = click.option("--yes", is_flag=True, help="Do not ask back.")


@click.command()
@click.argument("refs", metavar="REF…", nargs=-1, required=True)
@click.option("--note", default="", help="What to tell the requester and the audit trail; needed to grant less.")
@click.option("--condition", "conditions", multiple=True, help="What stands on it for as long as it lives; repeatable.")
@grant_options
@yes_option
@with_desk
def approve(desk: Desk, /, *, refs: tuple[str, ...], note: str, yes: bool, **options: Any) -> None:
    """Show what tickets REF ask and would change, ask back once, and approve them, one of them also in part."""
    more = grant_of(options)
    if more and len(refs) > 1:
        raise click.UsageError("Grant a part of one ticket at a time.")
    conditions = list(options["conditions"])
    _decide(desk, refs, Word("approve", note, {**more, **({"conditions": conditions} if conditions else {})}), yes=yes)


@click.command()
@click.argument("refs", metavar="REF…", nargs=-1, required=True)
@click.option("--note", default="", help="Why, and what the requester can do instead.")
@click.option("--template", help="A reason to reject of the tenant's own (`meshdesk reject-templates list`).")
@yes_option
@with_desk
def reject(desk: Desk, /, *, refs: tuple[str, ...], note: str, template: str | None, yes: bool) -> None:
    """Show what tickets REF ask and would change, ask back once, and reject them."""
    if not note and template is None:
        raise click.UsageError("Say why by --note, by --template NAME, or by both.")
    _decide(desk, refs, Word("reject", note, {} if template is None else {"template": template}), yes=yes)


def _decide(desk: Desk, refs: tuple[str, ...], word: Word, *, yes: bool) -> None:
    seen = [_shown(desk, ref) for ref in dict.fromkeys(ref.upper() for ref in refs)]
    names = ", ".join(one.body["ref"] for one in seen)
    if not yes:
        part = "in part " if "grant" in word.more else ""
        are = "is" if len(seen) == 1 else "are"
        them = "it" if len(seen) == 1 else "they"
        click.confirm(f"{word.decision.capitalize()} {names} {part}as {them} {are} shown here?", abort=True)
    if len(seen) == 1:
        path = f"/tickets/{seen[0].body['ref']}/decisions"
        click.echo(brief(desk.post(path, word.body(), etag=seen[0].etag).body))
        return
    _tell(desk.post("/decisions", {"items": [_item(one.body, word) for one in seen]}).body["items"])


def _shown(desk: Desk, ref: str) -> Reply:
    seen = desk.get(f"/tickets/{ref}")
    click.echo(whole(seen.body, list(desk.items(f"/tickets/{ref}/evidence")), datetime.now(UTC)))
    click.echo()
    return seen


def _item(ticket: dict[str, Any], word: Word) -> dict[str, Any]:
    return {"ref": ticket["ref"], "version": ticket["version"], **word.body()}


def _tell(items: list[dict[str, Any]]) -> None:
    for one in items:
        click.echo(f"{one['ref']} {_became(one)}")
    refused = [one["ref"] for one in items if one["problem"]]
    if refused:
        raise Failure(f"{len(refused)} of {len(items)} were not decided: {', '.join(refused)}.")


def _became(one: dict[str, Any]) -> str:
    return f"is not decided: {one['problem']['detail']}" if one["problem"] else f"is {one['state']}."
