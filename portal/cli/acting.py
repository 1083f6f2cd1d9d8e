"""What people do to a ticket that stands: end it, have work tried again, say something."""

from __future__ import annotations

import click

from portal.cli.client import Desk, with_desk
from portal.cli.page import brief


def _ending(name: str, words: str) -> click.Command:
    """A command that does something to a ticket for a reason."""

    @click.command(name, help=words)
    @click.argument("ref")
    @click.option("--reason", required=True, help="Why; it goes into the audit trail.")
    @with_desk
    def command(desk: Desk, /, *, ref: str, reason: str) -> None:
        click.echo(brief(desk.post(f"/tickets/{ref}/{name}", {"reason": reason}).body))

    return command


def _again(name: str, words: str) -> click.Command:
    """A command that has something tried again."""

    @click.command(name, help=words)
    @click.argument("ref")
    @with_desk
    def command(desk: Desk, /, *, ref: str) -> None:
        click.echo(brief(desk.post(f"/tickets/{ref}/{name}", {}).body))

    return command


withdraw = _ending("withdraw", "Take back the request REF before its window opens.")
release = _ending("release", "End your window REF before its time; the cluster is changed back now.")
revoke = _ending("revoke", "End the window REF at once, or take back an approval that has not begun.")
reroute = _ending("reroute", "Route the pending ticket REF by the policy in force, as a platform operator.")
retry = _again("retry", "Try again what failed or is hindered of ticket REF.")
reapply = _again("reapply", "Write again what somebody removed from the cluster while the window of REF is open.")
preflight = _again("preflight", "Have a worker look at the targets of the pending ticket REF again.")


@click.command()
@click.argument("ref")
@click.argument("text")
@with_desk
def comment(desk: Desk, /, *, ref: str, text: str) -> None:
    """Say TEXT on ticket REF."""
    desk.post(f"/tickets/{ref}/comments", {"text": text})
    click.echo(f"Said on {ref}.")
