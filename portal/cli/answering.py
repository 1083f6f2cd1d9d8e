"""What operators do about generic tickets: take one, fulfil it, decline it."""

from __future__ import annotations

import click

from portal.cli.client import Desk, with_desk
from portal.cli.page import brief


@click.command()
@click.argument("ref")
@with_desk
def take(desk: Desk, /, *, ref: str) -> None:
    """Work on the generic ticket REF, also in another operator's place."""
    click.echo(brief(desk.post(f"/tickets/{ref}/take", {}).body))


def _answering(name: str, words: str, asked: str) -> click.Command:
    @click.command(name, help=words)
    @click.argument("ref")
    @click.option("--answer", required=True, help=asked)
    @with_desk
    def command(desk: Desk, /, *, ref: str, answer: str) -> None:
        click.echo(brief(desk.post(f"/tickets/{ref}/{name}", {"answer": answer}).body))

    return command


fulfil = _answering(
    "fulfil", "Close the generic ticket REF as done; it is approved by the same word.", "What was done."
)
decline = _answering("decline", "End the generic ticket REF undone.", "Why not, and what to do instead.")
