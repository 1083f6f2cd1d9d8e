"""`meshdesk request` and `preview`: ask for something, from the options of a kind or from a file."""

from __future__ import annotations

from typing import Any

import click

from portal.cli.askfile import read_ask
from portal.cli.kind_commands import KindGroup
from portal.cli.place import place_options, remember_place
from portal.cli.sending import Manner, json_option, options_of, preview_option, send, wait_option

file_option = click.option("--file", "-f", metavar="FILE", help="YAML or JSON as POST /tickets takes it; `-`: stdin.")
REQUESTING = (preview_option, wait_option, json_option)


def _from_file(ctx: click.Context, file: str | None, manner: Manner) -> None:
    if ctx.invoked_subcommand is not None:
        if file is not None:
            raise click.UsageError("Give a kind with its options, or --file, not both.", ctx)
        return
    if file is None:
        raise click.UsageError("Name a kind with its options, or a file by --file.", ctx)
    send(ctx, read_ask(file), manner)


@click.group(cls=KindGroup, manner_options=REQUESTING, manner=Manner(), invoke_without_command=True)
@options_of(file_option, *REQUESTING)
@place_options
@click.pass_context
def request(
    ctx: click.Context, /, *, file: str | None, only_preview: bool, waits: bool, plain: bool, **place: Any
) -> None:
    """Ask for something: of a kind below, or of any kind by --file."""
    remember_place(ctx, **place)
    _from_file(ctx, file, Manner(only_preview, waits, plain))


@click.group(
    cls=KindGroup, manner_options=(json_option,), manner=Manner(only_preview=True), invoke_without_command=True
)
@options_of(file_option, json_option)
@place_options
@click.pass_context
def preview(ctx: click.Context, /, *, file: str | None, plain: bool, **place: Any) -> None:
    """See which rule a request would meet, who must approve and what would change; nothing is stored."""
    remember_place(ctx, **place)
    _from_file(ctx, file, Manner(only_preview=True, plain=plain))
