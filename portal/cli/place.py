"""Where the server is and as whom to talk to it: options that stand before or after the command's name."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from portal.errors import ConfigurationError

DEFAULT_URL = "http://127.0.0.1:8000"
OPTIONS = ("url", "token_file", "acting_as")
Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Place:
    """A server and the token to use there."""

    url: str
    token: str


def place_options(command: Command) -> Command:
    """The three options that every command of people takes."""
    for option in (
        click.option(
            "--as", "acting_as", metavar="NAME", help="Practice run: the person of $VAR/tokens.json to act as."
        ),
        click.option(
            "--token-file", metavar="FILE", help="File with your token; default: the variable MESHDESK_TOKEN."
        ),
        click.option("--url", metavar="URL", help=f"The server; default: the variable MESHDESK_URL, or {DEFAULT_URL}."),
    ):
        command = option(command)
    return command


def remember_place(ctx: click.Context, **options: str | None) -> None:
    """Keep the options that were given here, over those that were given further up."""
    ctx.obj = {**(ctx.obj or {}), **{name: value for name, value in options.items() if value is not None}}


def place_of(ctx: click.Context) -> Place:
    """The server and token to use; a UsageError says how to sign in where nothing does."""
    found: dict[str, str] = ctx.obj or {}
    url = found.get("url") or os.environ.get("MESHDESK_URL") or DEFAULT_URL
    if not url.startswith(("http://", "https://")):
        raise click.UsageError(f"{url!r} is no address of a server: write it as {DEFAULT_URL}.", ctx)
    return Place(url.rstrip("/"), _token(ctx, found))


def _token(ctx: click.Context, found: dict[str, str]) -> str:
    if "acting_as" in found and "token_file" in found:
        raise click.UsageError("Use --as or --token-file, not both.", ctx)
    if "acting_as" in found:
        return _practice_token(found["acting_as"])
    if "token_file" in found:
        return _read(Path(found["token_file"]), "Write your token into it, or name another file.").strip()
    token = os.environ.get("MESHDESK_TOKEN", "").strip()
    if not token:
        raise click.UsageError(
            "Say who you are: set MESHDESK_TOKEN, or use --token-file FILE, or --as NAME in a practice run.", ctx
        )
    return token


def _practice_token(name: str) -> str:
    path = Path(os.environ.get("VAR") or "var") / "tokens.json"
    tokens = json.loads(_read(path, "Only a practice run (`make run`) writes it; VAR names its folder."))
    if name not in tokens:
        raise ConfigurationError(f"{path} has no token of {name}; it has {', '.join(sorted(tokens))}.")
    return str(tokens[name])


def _read(path: Path, advice: str) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}). {advice}") from error
