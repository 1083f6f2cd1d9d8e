"""Configuration files in YAML (policy, registry, clusters): parsed, validated, each problem with its line and the fix.

Files are written by hand and refused whole, so all that is found wrong is said at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any

import yaml
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from portal.errors import ConfigurationError
from portal.marked_yaml import MarkedYaml, NotYamlError, Part, Place, Problem, shown

__all__ = ["FileInvalid", "Problem", "load_yaml", "located", "not_known", "refuse"]

_MOST_LISTED = 12
_PLAINLY = {
    "Missing data for required field.": "This is missing.",
    "Invalid input type.": "Write keys with values here (`key: value`).",
    "Field may not be null.": "This is empty: give it a value or leave it out.",
    "Not a valid string.": "Write text here, in quotes where YAML would take it for something else.",
    "Not a valid list.": "Write a list here.",
    "Not a valid boolean.": "Write true or false, without quotes.",
    "Not a valid integer.": "Write a whole number, without quotes.",
    "Not a valid URL.": "Write an address that starts with https:// or http://.",
    "Not a valid email address.": "Write a mail address, like name@example.com.",
}


class FileInvalid(ConfigurationError):
    """A configuration file that cannot be used; `problems` in its order, a line of the sentence for each."""

    def __init__(self, name: str, problems: Iterable[Problem]) -> None:
        self.name, self.problems = name, sorted(problems)
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """`policy.yaml:12: rules[3].approvals[0].from: 'x' is not known; …`, a line for each problem."""
        return [
            f"{self.name}:{problem.line}: {problem.path}{': ' if problem.path else ''}{problem.sentence}"
            for problem in self.problems
        ]


def load_yaml(text: str, schema: Schema, *, name: str) -> Any:
    """What the schema loads from YAML text; `name` is the file's in messages.

    Raises FileInvalid for text that is no YAML, keys written twice, and everything that the schema refuses.
    """
    try:
        document = MarkedYaml(text)
        return schema.load(document.data, unknown=RAISE)
    except NotYamlError as error:
        raise FileInvalid(name, error.problems) from error
    except ValidationError as error:
        found = _flat(error.messages, ())
        raise FileInvalid(name, {_problem(document, schema, path, words) for path, words in found}) from error


def located(text: str, found: Iterable[tuple[Sequence[Part], str]], *, name: str) -> FileInvalid:
    """Sentences about paths of a file that was read well, with their lines: to be raised, or told as warnings."""
    document = MarkedYaml(text)
    marks = [(document.place(path).mark, path, sentence) for path, sentence in found]
    return FileInvalid(name, {Problem(at.line + 1, at.column + 1, shown(path), words) for at, path, words in marks})


def not_known(value: object, choices: Iterable[str]) -> str:
    """`'productoin' is not known; did you mean 'production'?`, or what there is to choose from."""
    known = sorted(choices)
    close = get_close_matches(str(value), known, n=1) or [one for one in known if one.startswith(str(value))]
    if len(close) == 1:
        return f"{str(value)!r} is not known; did you mean {close[0]!r}?"
    if not 0 < len(known) <= _MOST_LISTED:
        return f"{str(value)!r} is not known."
    return f"{str(value)!r} is not known; {'choose one of' if len(known) > 1 else 'it can only be'} {', '.join(known)}."


def refuse(found: Iterable[tuple[Sequence[Part], str]]) -> None:
    """Raise marshmallow's ValidationError with a sentence for each path (a schema's rule calls it); none is fine."""
    messages: dict[Part, Any] = {}
    for path, sentence in found:
        here = messages
        for part in path:
            here = here.setdefault(part, {})
        here.setdefault("_schema", []).append(sentence)
    if messages:
        raise ValidationError(messages)


def _flat(messages: Any, path: tuple[Part, ...]) -> Iterator[tuple[tuple[Part, ...], str]]:
    if isinstance(messages, dict):
        for part, inner in messages.items():
            yield from _flat(inner, path if part == "_schema" else (*path, part))
    else:
        for words in messages:
            yield path, str(words)


def _problem(document: MarkedYaml, schema: Schema, told: tuple[Part, ...], words: str) -> Problem:
    path = _as_written(schema, told)
    place = document.place(path)
    sentence = _sentence(schema, path, place, words)
    # A lone text may stand for a list of one: then the file shows no [0].
    inside_text = isinstance(place.node, yaml.ScalarNode) and place.parts
    named = place.parts if inside_text else (*place.parts, *path[len(place.parts) :])
    return Problem(place.mark.line + 1, place.mark.column + 1, shown(named), sentence)


def _sentence(schema: Schema, path: tuple[Part, ...], place: Place, words: str) -> str:
    if words == "Unknown field.":
        return not_known(path[-1], _keys(_walk(schema, path[:-1])))
    if isinstance(place.node, yaml.ScalarNode):
        if words == "Not a valid string.":
            return f"YAML reads {place.node.value!r} as something other than text: put it in quotes."
        choices = _choices(_walk(schema, path))
        if choices and place.node.value not in choices:
            return not_known(place.node.value, choices)
    return _PLAINLY.get(words, words)


def _as_written(schema: Schema, told: tuple[Part, ...]) -> tuple[Part, ...]:
    """marshmallow says `key` or `value` after the key of a Dict; nobody wrote that."""
    path: tuple[Part, ...] = ()
    for part in told:
        if not (path and isinstance(_walk(schema, path[:-1]), fields.Dict) and part in ("key", "value")):
            path = (*path, part)
    return path


def _walk(schema: Schema, path: Sequence[Part]) -> Schema | fields.Field[Any] | None:
    here: Schema | fields.Field[Any] | None = schema
    for part in path:
        if isinstance(here, fields.List):
            here = here.inner
        elif isinstance(here, fields.Dict):
            here = here.value_field
        elif not (isinstance(here, fields.Nested) and here.many and isinstance(part, int)):
            here = _keys(here).get(str(part))
    return here


def _keys(here: Schema | fields.Field[Any] | None) -> dict[str, fields.Field[Any]]:
    if isinstance(here, fields.Nested):
        here = here.schema
    if not isinstance(here, Schema):
        return {}
    return {field.data_key or name: field for name, field in here.load_fields.items()}


def _choices(here: Schema | fields.Field[Any] | None) -> list[str]:
    validators = here.validators if isinstance(here, fields.Field) else []
    return [str(choice) for one in validators if isinstance(one, validate.OneOf) for choice in one.choices]
