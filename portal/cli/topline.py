"""`meshdesk top`: success rates, requests and latencies of one's workloads, once or again and again."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta
from typing import Any

import click

from portal.cli.client import Desk, with_desk
from portal.cli.output import as_json, coloured, instant, paint, table
from portal.cli.reading import json_option
from portal.durations import in_words

PAUSE_SECONDS = 15.0
FAILING_BELOW = 0.99
# One character a step, from nothing to the most of the hour.
BARS = "▁▂▃▄▅▆▇█"
_POINTS = 20
WHOSE = {"platform": " from the platform's Prometheus", "viz": " from Viz's Prometheus"}
_CLEAR = "\x1b[H\x1b[2J"
HEADS = ("WORKLOAD", "WHERE", "SUCCESS", "REQ/S", "P50 MS", "P95 MS", "P99 MS", "ENCRYPTED", "LAST HOUR")


@click.command()
@click.argument("cluster", required=False)
@click.argument("namespace", required=False)
@click.option("--watch", is_flag=True, help="Show it again and again, until Ctrl-C.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the figures as comma-separated values.")
@json_option
@with_desk
def top(desk: Desk, /, *, cluster: str | None, namespace: str | None, watch: bool, **how: bool) -> None:
    """Show success rates, requests and latencies of your workloads, those that fail most first.

    All of them, or those of a CLUSTER, or of a NAMESPACE on it. Workers ask each cluster's Prometheus every minute.
    """
    plain, as_csv = how["plain"], how["as_csv"]
    if watch and (plain or as_csv):
        raise click.UsageError("--watch is for people: ask again yourself for --json and --csv.")
    where: dict[str, Any] = {"cluster": cluster, "namespace": namespace}
    if as_csv:
        for text in desk.text("/topline.csv", **where):
            click.echo(text, nl=False)
        return
    with suppress(KeyboardInterrupt):
        _show(desk, where, watch=watch, plain=plain)


def _show(desk: Desk, where: dict[str, Any], *, watch: bool, plain: bool) -> None:
    while True:
        items, sources = _read(desk, where)
        told = as_json({"items": items, "sources": sources}) + "\n" if plain else _page(items, sources)
        click.echo((_CLEAR if watch and coloured() else "") + told, nl=False)
        if not watch:
            return
        time.sleep(PAUSE_SECONDS)


def _read(desk: Desk, where: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    sources: list[Any] = desk.get("/topline", **where, limit=1).body["sources"]
    return list(desk.items("/topline", **where, limit=200)), sources


def _page(items: list[Any], sources: list[Any]) -> str:
    lines = [table(HEADS, map(_row, items))] if items else ["There are no figures of workloads of yours.\n"]
    return "".join([*lines, *(f"{_source(one)}\n" for one in sources)])


def _source(one: dict[str, Any]) -> str:
    whose = {"platform": " from the platform's Prometheus", "viz": " from Viz's Prometheus"}.get(
        one["source"] or "", ""
    )
    age = one["age_seconds"]
    told = (
        f"{one['cluster']}: no figures yet"
        if age is None
        else (f"{one['cluster']}: of {instant(one['seen_at'])}, {in_words(timedelta(seconds=age))} ago{whose}")
    )
    return f"{told}. {one['problem']}" if one["problem"] else f"{told}."


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    success = _percent(one["success_rate"])
    failing = one["success_rate"] is not None and one["success_rate"] < FAILING_BELOW
    return (
        one["workload"],
        f"{one['cluster']}/{one['namespace']}",
        paint(success, "red") if failing else success,
        _number(one["requests_per_second"]),
        *(_number(one[f"latency_ms_{name}"]) for name in ("p50", "p95", "p99")),
        _percent(one["meshed"]),
        _bars([point["requests_per_second"] for point in one["hour"]]),
    )


def _percent(share: float | None) -> str:
    # What is not quite all must not read as all of it.
    return "-" if share is None else f"{int(share * 10_000) / 100:g}%"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _bars(requests: list[float]) -> str:
    """The minutes in a few characters, the highest of each three."""
    most, each = max(requests, default=0.0), 3
    parts = [max(requests[start : start + each]) for start in range(0, len(requests), each)][-_POINTS:]
    return "".join(BARS[round(part / most * (len(BARS) - 1))] for part in parts) if most else ""
