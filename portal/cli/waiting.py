"""`meshdesk wait`: follow a ticket by long polls until it is where somebody wants it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Any

import click

from portal.cli.client import Desk, Reply, with_desk
from portal.cli.failures import ServerAway
from portal.cli.kinds import goal_of
from portal.cli.output import state_text
from portal.cli.page import OVER
from portal.cli.times import DurationType, duration_option
from portal.wording import progress_text

POLL_SECONDS = 2
PAUSE_SECONDS = 0.5
# Only a person takes a failed ticket further, and a script that waits should hear of it.
STUCK = frozenset({"failed"})
NEVER_AGAIN = {"active": OVER | STUCK | {"reverting"}, "closed": OVER - {"closed"} | STUCK}


class Ending(IntEnum):
    """How a wait ended: the exit code."""

    REACHED = 0
    UNREACHABLE = 3
    TIMEOUT = 4


@dataclass(frozen=True)
class Goal:
    """The state that is waited for, and until when on the monotonic clock."""

    state: str
    deadline: float

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.deadline - time.monotonic()

    def ending(self, ticket: dict[str, Any]) -> Ending | None:
        """How the wait ends at what the ticket is now; None while it goes on."""
        if ticket["state"] == self.state:
            return Ending.REACHED
        if ticket["state"] in NEVER_AGAIN[self.state]:
            return Ending.UNREACHABLE
        return Ending.TIMEOUT if self.left <= 0 else None


@click.command()
@click.argument("ref")
@click.option(
    "--for",
    "state",
    type=click.Choice(["active", "closed"]),
    help="Default: active, or closed where people carry it out.",
)
@duration_option(
    "--timeout",
    type=DurationType(bare_seconds=True),
    default="10m",
    show_default=True,
    words="How long to wait at most: 90, 90s, 10m.",
)
@with_desk
def wait(desk: Desk, /, *, ref: str, state: str | None, timeout: timedelta) -> None:
    """Wait until ticket REF is active or closed, and tell what happens meanwhile.

    Exits with 0 when it is, 3 when it can no longer become that (or failed and needs a person), 4 after the timeout.
    """
    wanted = state or goal_of(desk.get(f"/tickets/{ref}").body["kind"])
    raise SystemExit(follow(desk, ref, state=wanted, timeout=timeout))


def follow(desk: Desk, ref: str, *, state: str, timeout: timedelta) -> Ending:
    """Print each change of the ticket until the wait ends; gives how it did."""
    goal = Goal(state, time.monotonic() + timeout.total_seconds())
    told = ""
    for ticket in _sights(desk, ref, goal):
        if (line := _line(ticket)) != told:
            told = line
            click.echo(line)
        if (ending := goal.ending(ticket)) is not None:
            return _end(goal, ticket, ending)
    click.echo(f"The server stayed away; {ref} may be {state} by now.", err=True)
    return Ending.TIMEOUT


def _sights(desk: Desk, ref: str, goal: Goal) -> Iterator[dict[str, Any]]:
    yield desk.get(f"/tickets/{ref}").body
    away = False
    while True:
        began = time.monotonic()
        try:
            yield _poll(desk, ref, goal).body
            away = False
        except ServerAway as error:
            if goal.left <= 0:
                return
            # A server that is started anew is no reason to give up a wait.
            click.echo("" if away else f"{error.sentence} Waiting goes on.", err=True, nl=not away)
            away = True
        if time.monotonic() - began < PAUSE_SECONDS:
            # The server answers at once when too many wait there already.
            time.sleep(PAUSE_SECONDS)


def _poll(desk: Desk, ref: str, goal: Goal) -> Reply:
    seconds = max(1, min(POLL_SECONDS, int(goal.left)))
    return desk.get(f"/tickets/{ref}", patience=seconds, wait=goal.state, timeout=seconds)


def _line(ticket: dict[str, Any]) -> str:
    if ticket["state"] not in ("applying", "reverting"):
        return f"{ticket['ref']} is {state_text(ticket['state'])}. {ticket['next']}"
    pods = [f"{name}: {progress_text(seen)}" for name, seen in sorted((ticket["progress"] or {}).items())]
    return f"{ticket['ref']} is {state_text(ticket['state'])}. {'; '.join(pods) or ticket['next']}" + (
        f" {ticket['problem']}" if pods and ticket["problem"] else ""
    )


def _end(goal: Goal, ticket: dict[str, Any], ending: Ending) -> Ending:
    if ending is Ending.UNREACHABLE:
        click.echo(
            f"{ticket['ref']} is {ticket['state']}: it does not become {goal.state} by itself any more.", err=True
        )
    if ending is Ending.TIMEOUT:
        click.echo(f"{ticket['ref']} is not {goal.state} yet: wait again, or look with `meshdesk show`.", err=True)
    return ending
