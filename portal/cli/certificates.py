"""`meshdesk certificates`: when the certificates of clusters' meshes end; fails in time where it is asked to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from portal.cli.client import Desk, with_desk
from portal.cli.output import as_json, instant, paint, table
from portal.cli.reading import json_option
from portal.cli.times import duration_option, left_until

COLOURS = {"ended": "red", "not yet valid": "red", "ending": "yellow"}
HEADS = ("CLUSTER", "CERTIFICATE", "ENDS", "LEFT", "STANDS", "READ FROM")


@click.command()
@click.argument("cluster", required=False)
@duration_option("--fail-on", words="End with code 1 where one ends within this time, or has ended.", default=None)
@json_option
@with_desk
def certificates(desk: Desk, /, *, cluster: str | None, fail_on: timedelta | None, plain: bool) -> None:
    """Tell the ends of trust anchors, issuer and webhook certificates of CLUSTER, or of all that you see."""
    names = [cluster] if cluster else [one["name"] for one in desk.items("/clusters")]
    found = [desk.get(f"/clusters/{name}/certificates").body for name in names]
    click.echo(as_json(found) if plain else _text(found), nl=plain)
    if fail_on is not None and any(_ends_within(one, fail_on) for seen in found for one in seen["items"]):
        raise SystemExit(1)


def _text(found: list[dict[str, Any]]) -> str:
    rows = [_row(seen["cluster"], one) for seen in found for one in seen["items"]]
    return "".join([table(HEADS, rows) if rows else "", *(f"{line}\n" for seen in found for line in _remarks(seen))])


def _row(cluster: str, one: dict[str, Any]) -> tuple[str, ...]:
    left = "-" if one["days_left"] is None else f"{one['days_left']} days"
    stands = paint(one["standing"], COLOURS.get(one["standing"]))
    return cluster, one["title"], instant(one["not_after"], "-"), left, stands, one["source"]


def _remarks(seen: dict[str, Any]) -> Iterator[str]:
    name = seen["cluster"]
    if seen["problem"]:
        yield f"{name}: {seen['problem']}"
    elif seen["seen_at"] is None:
        yield f"{name}: no worker has read its certificates yet."
    for one in seen["items"]:
        said = " ".join(filter(None, [one["problem"], one["next"]]))
        if said:
            yield f"{name}, {one['title']}: {said}"
    if seen["on_an_older_root"]:
        yield f"{name}: {seen['on_an_older_root']} workloads have pods that trust an older root: restart them."


def _ends_within(one: dict[str, Any], within: timedelta) -> bool:
    """What renews itself counts when it is late with it; what is not known fails nothing."""
    if one["not_after"] is None:
        return False
    if one["standing"] in ("ended", "not yet valid"):
        return True
    by_itself = one["renews_at"] is not None and one["standing"] == "good"
    return not by_itself and left_until(one["not_after"], datetime.now(UTC)) < within
