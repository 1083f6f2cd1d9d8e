"""JSON bodies read strictly: what no database keeps or no two parsers agree on is refused. smorest.py calls it."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

DEEPEST = 32


class BrokenJSONError(ValueError):
    """The body is no JSON that can be used; the sentence says why."""


def parse(data: bytes) -> Any:
    """The value of a UTF-8 JSON text; raises BrokenJSONError, also for NaN, NUL, lone surrogates and repeated keys."""
    try:
        value = json.loads(
            data.decode(), parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_without_repeats
        )
    except BrokenJSONError:
        raise
    except UnicodeDecodeError as error:
        raise BrokenJSONError("The body is not UTF-8 text.") from error
    except json.JSONDecodeError as error:
        raise BrokenJSONError(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error
    except RecursionError as error:
        raise BrokenJSONError("The body is nested too deeply.") from error
    except ValueError as error:
        raise BrokenJSONError("The body holds a number that is too long.") from error
    _check(value, DEEPEST)
    return value


def _no_constant(name: str) -> NoReturn:
    raise BrokenJSONError(f"The body is not JSON: {name} is no JSON value.")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise BrokenJSONError(f"The body holds a number that is too large: {text[:20]}.")
    return value


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BrokenJSONError(f"The body names {twice[:60]!r} twice in one object: say it once.")
    return found


def _check(value: Any, depth: int) -> None:
    if depth == 0:
        raise BrokenJSONError("The body is nested too deeply.")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_text(key)
            _check(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth - 1)


def _check_text(text: str) -> None:
    # PostgreSQL keeps no NUL, and a lone surrogate cannot be written as UTF-8 by any database.
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise BrokenJSONError(
            "The body holds a character that is no text (NUL or half of a surrogate pair): take it out."
        )
