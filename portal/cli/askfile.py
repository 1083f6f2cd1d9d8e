"""A request out of a file: what `POST /tickets` takes, in YAML or JSON."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import yaml

from portal.cli.files import read_text
from portal.durations import format_duration, typed_duration
from portal.errors import ConfigurationError


def read_ask(name: str) -> dict[str, Any]:
    """The request in the file, `-` for the standard input; raises ConfigurationError with the line that is wrong."""
    where, text = "The standard input" if name == "-" else name, read_text(name)
    try:
        found = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = f" line {error.problem_mark.line + 1}:" if error.problem_mark else ""
        raise ConfigurationError(f"{where},{line} {error.problem}. Write it as YAML or JSON.") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{where} is neither YAML nor JSON.") from error
    if not isinstance(found, dict):
        raise ConfigurationError(f"{where} holds no request: write kind, cluster, namespace, reason and fields.")
    return _normal(found)


def _normal(found: dict[Any, Any]) -> dict[str, Any]:
    # YAML knows dates and keys that JSON does not; as text the server can say what is wrong with them.
    ask: dict[str, Any] = json.loads(json.dumps(found, default=str))
    with contextlib.suppress(KeyError, AttributeError, ValueError):
        ask["duration"] = format_duration(typed_duration(ask["duration"]))
    return ask
