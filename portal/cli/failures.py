"""How the command ends when something was refused: a sentence, the fields it is about, and an exit code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Any

import click

from portal.errors import Invalid, MeshdeskError


class Problem(MeshdeskError):
    """The server refused; `errors` gives its sentences by field path."""

    def __init__(self, sentence: str, *, status: int, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__(sentence)
        self.status = status
        self.errors = errors


class ServerAway(MeshdeskError):
    """No answer, or one that is not Meshdesk's."""


class Failure(click.ClickException):
    """Prints sentences without click's prefix and exits with 1."""

    @classmethod
    def of(cls, error: MeshdeskError) -> Failure:
        """The failure that a refusal is on the command line."""
        errors = error.errors if isinstance(error, Invalid | Problem) else {}
        head = "This cannot be taken as it is:" if isinstance(error, Invalid) else error.sentence
        return cls("\n".join([head, *(f"  {path}: {' '.join(said)}" for path, said in errors.items())]))

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the sentences to the error stream."""
        click.echo(self.message, file=file, err=file is None)
