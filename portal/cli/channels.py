"""`meshdesk channels`: what an operator tries before people are told by it. Workers read the file, so they do it."""

from __future__ import annotations

import click

from portal.cli.processes import become


@click.group()
def channels() -> None:
    """The file that says how people are told: check, test."""


@channels.command()
@click.argument("file", metavar="FILE")
def check(file: str) -> None:
    """Say whether FILE can be used, with the line and the fix of everything that is wrong; secrets are not repeated."""
    become("channels", "check", file)


@channels.command()
@click.argument("name", metavar="NAME")
@click.option("--to", metavar="ADDRESS", help="The mail address to send to, for the channel `mail`.")
def test(name: str, to: str | None) -> None:
    """Send a test notice by the channel NAME of the file that MESHDESK_CHANNELS names."""
    become("channels", "test", name, *(["--to", to] if to else []))
