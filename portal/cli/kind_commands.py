"""`request KIND` and `preview KIND`: a command for each kind of portal/cli/kinds, made when it runs."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import click

from portal.cli.envelope import OTHERS, PLACES, ask_of
from portal.cli.kinds import KINDS, Asked
from portal.cli.place import OPTIONS, place_options, remember_place
from portal.cli.sending import Manner, options_of, send


class KindGroup(click.Group):
    """A group with a command for each kind; `manner_options` are what it takes besides the request itself."""

    def __init__(self, *args: Any, manner_options: tuple[Callable[[Any], Any], ...], manner: Manner, **more: Any):
        super().__init__(*args, **more)
        self.manner_options, self.manner = manner_options, manner

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every kind, by name."""
        return sorted(KINDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a kind, its module imported now; None where there is none of this name."""
        kind = KINDS.get(cmd_name)
        return None if kind is None else self._command(cmd_name, kind)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the kinds without importing one."""
        with formatter.section("Kinds"):
            formatter.write_dl([(name, KINDS[name].words) for name in self.list_commands(ctx)])

    def _command(self, name: str, kind: Asked) -> click.Command:
        module = importlib.import_module(f"portal.cli.kinds.{kind.module}")

        @click.command(name, help=kind.words)
        @options_of(*PLACES[kind.scope], *OTHERS, *module.OPTIONS, *self.manner_options)
        @place_options
        @click.pass_context
        def command(ctx: click.Context, /, **given: Any) -> None:
            remember_place(ctx, **{name: given[name] for name in OPTIONS})
            manner = {**vars(self.manner), **{one: given[one] for one in vars(self.manner) if one in given}}
            send(ctx, ask_of(name, given, module.fields(given)), Manner(**manner))

        return command
