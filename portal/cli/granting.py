"""Granting less than was asked: the options of `approve` and what they say to the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import click

from portal.cli.sending import options_of
from portal.cli.times import duration_option
from portal.durations import format_duration

# The field of a kind for each option that takes a part of a list.
LISTS = {"workload": "workloads", "namespace": "namespaces", "job": "jobs"}
PORTS = ("inbound", "outbound")
SUBJECTS = {"user": "User", "group": "Group"}


def _part(name: str, words: str, **more: Any) -> Callable[[Any], Any]:
    return click.option(f"--grant-{name}", f"grant_{name}", help=words, **more)


grant_options = options_of(
    duration_option("--grant-for", "grant_for", words="Grant a shorter time than was asked."),
    *(_part(name, f"Grant these {name} ports only; '' for none.", metavar="PORTS") for name in PORTS),
    *(_part(name, f"Grant this {name} of those that were asked; repeatable.", multiple=True) for name in LISTS),
    *(_part(name, f"Let this {name} tap, of those that were asked; repeatable.", multiple=True) for name in SUBJECTS),
)


@dataclass(frozen=True)
class Word:
    """What somebody decides, as the API takes it."""

    decision: str
    note: str
    more: dict[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The decision without the ticket that it is on."""
        return {"decision": self.decision, "note": self.note, **self.more}


def grant_of(options: dict[str, Any]) -> dict[str, Any]:
    """`{"grant": …}` where one of the options is given, else nothing; takes them out of `options`."""
    given = {name: options.pop(name) for name in list(options) if name.startswith("grant_")}
    fields = {name: given[f"grant_{name}"] for name in PORTS if given[f"grant_{name}"] is not None}
    fields |= {field: list(given[f"grant_{name}"]) for name, field in LISTS.items() if given[f"grant_{name}"]}
    subjects = [{"kind": kind, "name": one} for name, kind in SUBJECTS.items() for one in given[f"grant_{name}"]]
    grant: dict[str, Any] = {"fields": fields | ({"subjects": subjects} if subjects else {})}
    span: timedelta | None = given["grant_for"]
    if span is not None:
        grant["duration"] = format_duration(span)
    return {"grant": grant} if grant["fields"] or span else {}
