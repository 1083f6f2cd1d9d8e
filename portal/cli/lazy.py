"""A click group whose commands are imported when they run, so that no command waits for another's libraries."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from portal.cli.failures import Failure
from portal.errors import MeshdeskError


@dataclass(frozen=True)
class Lazy:
    """Where a command is (`module:attribute`) and its line in the help, which must not import it."""

    where: str
    words: str

    def load(self) -> click.Command:
        """Import the command."""
        module, _, attribute = self.where.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


class LazyGroup(click.Group):
    """Commands by section of the help; refusals of any of them end as a sentence and exit code 1."""

    def __init__(self, *args: Any, sections: Mapping[str, Mapping[str, Lazy]], **more: Any) -> None:
        super().__init__(*args, **more)
        self.sections = sections

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, in the order of the sections."""
        return [name for commands in self.sections.values() for name in commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None where there is none of this name."""
        for commands in self.sections.values():
            if cmd_name in commands:
                return commands[cmd_name].load()
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections without importing a command."""
        for title, commands in self.sections.items():
            with formatter.section(title):
                formatter.write_dl([(name, lazy.words) for name, lazy in commands.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a refusal becomes a click exception that prints its sentence."""
        try:
            return super().invoke(ctx)
        except MeshdeskError as error:
            raise Failure.of(error) from error
