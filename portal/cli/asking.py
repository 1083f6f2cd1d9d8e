"""`meshdesk request` and `preview`: ask for something, from options or from a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import click

from portal.cli.askfile import read_ask
from portal.cli.client import Desk
from portal.cli.output import as_json
from portal.cli.page import brief
from portal.cli.place import place_of, place_options, remember_place
from portal.cli.preview import preview_page
from portal.cli.times import duration_option
from portal.cli.waiting import follow
from portal.durations import format_duration

WAIT = timedelta(minutes=10)
ENVELOPE = ("cluster", "namespace", "reason", "renews")
ASK_OPTIONS = (
    click.option("--cluster", required=True, help="The cluster's name (see `meshdesk clusters`)."),
    click.option("--namespace", "-n", required=True, help="A namespace of your tenant."),
    click.option("--reason", required=True, help="Why it is needed; who decides reads it."),
    duration_option("--for", "duration", words="How long, from when it is written: 30m, 1h30m, 7d or PT30M."),
    click.option("--renews", metavar="REF", help="The open ticket that this one follows."),
)
EXCEPTION_OPTIONS = (
    click.option("--workload", "workloads", multiple=True, required=True, help="deployment/NAME …; repeatable."),
    click.option(
        "--mode", type=click.Choice(["skip-ports", "disable-injection"]), default="skip-ports", show_default=True
    ),
    click.option("--inbound", default="", help="Ports that pass the proxy by on the way in: 8080,9000-9010."),
    click.option("--outbound", default="", help="Ports that pass the proxy by on the way out."),
    click.option("--encrypted/--not-encrypted", required=True, default=None, help="Whether the application encrypts."),
    click.option("--how", required=True, help="How it encrypts the flow; or why the risk is accepted."),
)
MANNER_OPTIONS = (
    click.option("--preview", "only_preview", is_flag=True, help="Store nothing: show what it would meet."),
    click.option("--wait", "waits", is_flag=True, help="Then wait until it is active, as `meshdesk wait` does."),
    click.option("--json", "plain", is_flag=True, help="Print JSON as the API gave it."),
)
file_option = click.option("--file", "-f", metavar="FILE", help="YAML or JSON as POST /tickets takes it; `-`: stdin.")


@dataclass(frozen=True)
class Manner:
    """What is to be done with a request besides sending it."""

    only_preview: bool = False
    waits: bool = False
    plain: bool = False


def send(ctx: click.Context, ask: dict[str, Any], manner: Manner) -> None:
    """Preview the request, or submit it and tell what came of it."""
    with Desk(place_of(ctx)) as desk:
        if manner.only_preview:
            found = desk.post("/tickets/preview", ask).body
            click.echo(as_json(found) if manner.plain else preview_page(found))
            return
        ticket = desk.post("/tickets", ask).body
        tell_asked(ticket, plain=manner.plain)
        if manner.waits:
            raise SystemExit(follow(desk, ticket["ref"], state="active", timeout=WAIT))


def tell_asked(ticket: dict[str, Any], *, plain: bool) -> None:
    """Tell that something was asked: its reference, what was noted and what is next."""
    if plain:
        click.echo(as_json(ticket))
        return
    click.echo(brief(ticket))
    for note in ticket["notes"]:
        click.echo(f"  noted: {note}")
    click.echo(f"  rule: {ticket['rule']}: {ticket['rule_reason']}")
    click.echo(f"See `meshdesk show {ticket['ref']}`, or follow it by `meshdesk wait {ticket['ref']}`.")


def options_of(*options: Callable[[Any], Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Several options as one decorator, in the order that the help shows."""

    def add(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def _from_file(ctx: click.Context, file: str | None, manner: Manner) -> None:
    if ctx.invoked_subcommand is not None:
        if file is not None:
            raise click.UsageError("Give a kind with its options, or --file, not both.", ctx)
        return
    if file is None:
        raise click.UsageError("Name a kind with its options, or a file by --file.", ctx)
    send(ctx, read_ask(file), manner)


@click.group(invoke_without_command=True)
@options_of(file_option, *MANNER_OPTIONS)
@place_options
@click.pass_context
def request(
    ctx: click.Context, /, *, file: str | None, only_preview: bool, waits: bool, plain: bool, **place: Any
) -> None:
    """Ask for something: of a kind below, or of any kind by --file."""
    remember_place(ctx, **place)
    _from_file(ctx, file, Manner(only_preview, waits, plain))


@click.group(invoke_without_command=True)
@options_of(file_option, MANNER_OPTIONS[-1])
@place_options
@click.pass_context
def preview(ctx: click.Context, /, *, file: str | None, plain: bool, **place: Any) -> None:
    """See which rule a request would meet, who must approve and what would change; nothing is stored."""
    remember_place(ctx, **place)
    _from_file(ctx, file, Manner(only_preview=True, plain=plain))


@request.command("encryption-exception")
@options_of(*ASK_OPTIONS, *EXCEPTION_OPTIONS, *MANNER_OPTIONS)
@place_options
@click.pass_context
def request_exception(ctx: click.Context, /, **given: Any) -> None:
    """Ask that ports of workloads pass the proxy by, or that pods run without it, for a while."""
    manner = Manner(*(given.pop(name) for name in ("only_preview", "waits", "plain")))
    send(ctx, _exception(ctx, given), manner)


@preview.command("encryption-exception")
@options_of(*ASK_OPTIONS, *EXCEPTION_OPTIONS, MANNER_OPTIONS[-1])
@place_options
@click.pass_context
def preview_exception(ctx: click.Context, /, **given: Any) -> None:
    """See what an encryption exception would meet; nothing is stored."""
    manner = Manner(only_preview=True, plain=given.pop("plain"))
    send(ctx, _exception(ctx, given), manner)


def _exception(ctx: click.Context, given: dict[str, Any]) -> dict[str, Any]:
    remember_place(ctx, **{name: given[name] for name in ("url", "token_file", "acting_as")})
    return {
        "kind": "encryption-exception",
        **{name: given[name] for name in ENVELOPE if given[name] is not None},
        "duration": None if given["duration"] is None else format_duration(given["duration"]),
        "fields": {
            "workloads": list(given["workloads"]),
            **{name: given[name] for name in ("mode", "inbound", "outbound")},
            "application_encryption": {"encrypted": given["encrypted"], "how": given["how"]},
        },
    }
