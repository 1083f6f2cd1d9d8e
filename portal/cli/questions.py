"""`meshdesk question` and `answer`: what holds a ticket, and what lets it go on."""

from __future__ import annotations

import click

from portal.cli.client import Desk, with_desk
from portal.cli.page import brief


def _saying(name: str, path: str, words: str) -> click.Command:
    @click.command(name, help=words)
    @click.argument("ref")
    @click.argument("text")
    @with_desk
    def command(desk: Desk, /, *, ref: str, text: str) -> None:
        click.echo(brief(desk.post(f"/tickets/{ref}/{path}", {"text": text}).body))

    return command


question = _saying(
    "question", "questions", "Ask TEXT on the pending ticket REF: nobody approves it until it has an answer."
)
answer = _saying("answer", "answers", "Answer the question on ticket REF with TEXT.")
