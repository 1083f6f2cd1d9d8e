"""`meshdesk renew`: the same asked again, so that it follows without a gap."""

from __future__ import annotations

from datetime import timedelta

import click

from portal.cli.client import Desk, with_desk
from portal.cli.page import duration_of
from portal.cli.reading import json_option
from portal.cli.sending import tell_asked
from portal.cli.times import duration_option
from portal.durations import format_duration

SAME = ("kind", "cluster", "namespace", "fields")


@click.command()
@click.argument("ref")
@duration_option("--for", "duration", words="How long; default: as long as REF.")
@click.option("--reason", required=True, help="Why it is still needed.")
@json_option
@with_desk
def renew(desk: Desk, /, *, ref: str, duration: timedelta | None, reason: str, plain: bool) -> None:
    """Ask for what ticket REF has once more; REF ends when the new one is active."""
    before = desk.get(f"/tickets/{ref}").body
    length = duration or (None if before["duration"] is None else duration_of(before))
    again = {
        **{name: before[name] for name in SAME},
        "duration": None if length is None else format_duration(length),
        "reason": reason,
        "renews": before["ref"],
    }
    tell_asked(desk.post("/tickets", again).body, plain=plain)
