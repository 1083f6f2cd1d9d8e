"""The gate of `meshdesk posture --fail-on unexplained`: what cannot be known fails as well, with a code of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import click

from portal.cli.client import Desk
from portal.cli.failures import Failure
from portal.durations import in_words
from portal.errors import MeshdeskError


class Unknown(Failure):
    """Prints why nobody can know, and exits with a code that tells this from holes."""

    exit_code = 2


def gate(desk: Desk, oldest: timedelta, scope: dict[str, Any]) -> None:
    """Say that all is explained; raises Failure where something is not, Unknown where nobody can know."""
    try:
        whole = desk.get("/posture", **scope).body
        found = list(desk.items("/posture/findings", **scope, explained="false", limit=200))
    except MeshdeskError as error:
        raise Unknown(Failure.of(error).message) from error
    holes = [_line(one) for one in found]
    if doubts := list(_doubts(whole, oldest)):
        raise Unknown("\n".join([*holes, *doubts]))
    if holes:
        raise Failure("\n".join([*holes, f"{len(holes)} without a live ticket: ask for one, or mend it."]))
    click.echo("Live tickets explain all that is not encrypted.")


def _line(one: dict[str, Any]) -> str:
    return f"{one['cluster']}/{one['namespace']} {one['kind']}/{one['name']}: {one['fact']}"


def _doubts(whole: dict[str, Any], oldest: timedelta) -> Iterator[str]:
    """Why nobody can know, in sentences."""
    if not whole["clusters"]:
        yield "There is no such cluster of yours, so nothing is known: see that its name is right."
    for one in whole["clusters"]:
        if one["age_seconds"] is None:
            yield f"No worker has read {one['cluster']} yet, so nothing is known of it. {one['problem'] or ''}".strip()
        elif one["problem"]:
            yield f"The last reading of {one['cluster']} failed, so nobody can vouch for it: {one['problem']}"
        elif one["age_seconds"] > oldest.total_seconds():
            age = in_words(timedelta(seconds=one["age_seconds"]))
            yield f"{one['cluster']} was last read {age} ago, so nobody can vouch for it: see that its workers run."
    if whole["clusters"] and not whole["tallies"]:
        yield "No workload was read there, so nothing is known: see that the names are right."
