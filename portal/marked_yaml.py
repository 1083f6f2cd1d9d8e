"""YAML text with the line of everything in it; configuration_files.py reads policies and registries through it.

PyYAML alone keeps the last of two equal keys without a word, and forgets the lines once the text is data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

Part = str | int


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with a file: where (line and column from 1, path like `rules[3].name`) and in a sentence."""

    line: int
    column: int
    path: str
    sentence: str


@dataclass(frozen=True)
class Place:
    """How far a path leads into the text: the parts that are there, the first character, and the node itself."""

    parts: tuple[Part, ...]
    mark: yaml.Mark
    node: yaml.Node


class NotYamlError(Exception):
    """The text is no YAML that a configuration file may hold; `problems` says why and where."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.sentence for problem in problems))
        self.problems = problems


class MarkedYaml:
    """One parsed document: `data`, and the place of any path in it."""

    def __init__(self, text: str) -> None:
        """Parse the text with the safe loader; raises NotYamlError, also for a key that is written twice."""
        try:
            loader = yaml.SafeLoader(text)
            root = loader.get_single_node()
            if root is None:
                raise NotYamlError([Problem(1, 1, "", "The file is empty.")])
            if repeated := list(_Repetitions().under(root, ())):
                raise NotYamlError(repeated)
            self.data: Any = loader.construct_document(root)
        except yaml.YAMLError as error:
            raise NotYamlError([_unreadable(error, text)]) from error
        except RecursionError as error:
            raise NotYamlError([Problem(1, 1, "", "The file is nested too deeply.")]) from error
        except (ValueError, OverflowError) as error:
            raise NotYamlError([_miscounted(text)]) from error
        self._root: yaml.Node = root

    def place(self, path: Sequence[Part]) -> Place:
        """Where the deepest part of the path that is written begins."""
        place = Place((), self._root.start_mark, self._root)
        for part in path:
            deeper = _step(place, part)
            if deeper is None:
                break
            place = deeper
        return place


def shown(path: Sequence[Part]) -> str:
    """A path as people read it: `rules[3].approvals[0].from`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _step(place: Place, part: Part) -> Place | None:
    if isinstance(place.node, yaml.SequenceNode) and isinstance(part, int) and part < len(place.node.value):
        item = place.node.value[part]
        return Place((*place.parts, part), item.start_mark, item)
    if isinstance(place.node, yaml.MappingNode):
        for key, value in place.node.value:
            if isinstance(key, yaml.ScalarNode) and _value_of(key) == part:
                return Place((*place.parts, str(part)), key.start_mark, value)
    return None


def _value_of(key: yaml.ScalarNode) -> Any:
    return yaml.SafeLoader("").construct_object(key)


class _Repetitions:
    """Finds keys that are written twice, and aliases that lead back into themselves."""

    def __init__(self) -> None:
        self._above: list[yaml.Node] = []
        # Aliases of aliases would be walked over and over without this.
        self._done: set[int] = set()

    def under(self, node: yaml.Node, path: tuple[Part, ...]) -> Iterator[Problem]:
        """The problems of a node and of everything below it."""
        if node in self._above:
            yield _problem(node.start_mark, path, "This contains itself: write it out instead of using an alias.")
        elif id(node) not in self._done:
            self._above.append(node)
            yield from self._inside(node, path)
            self._above.pop()
            self._done.add(id(node))

    def _inside(self, node: yaml.Node, path: tuple[Part, ...]) -> Iterator[Problem]:
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                yield from self.under(item, (*path, index))
        elif isinstance(node, yaml.MappingNode):
            first: dict[tuple[str, str], yaml.Node] = {}
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode):
                    before = first.setdefault((key.tag, key.value), key)
                    if before is not key:
                        yield _twice(key, before, path)
                    yield from self.under(value, (*path, key.value))


def _twice(key: yaml.ScalarNode, before: yaml.Node, path: tuple[Part, ...]) -> Problem:
    sentence = f"{key.value!r} stands here already, on line {before.start_mark.line + 1}: keep one."
    return _problem(key.start_mark, (*path, key.value), sentence)


def _problem(mark: yaml.Mark, path: Sequence[Part], sentence: str) -> Problem:
    return Problem(mark.line + 1, mark.column + 1, shown(path), sentence)


def _miscounted(text: str) -> Problem:
    """PyYAML does not say where a date like 2026-13-01 or an endless number stood."""
    for token in yaml.scan(text):
        if isinstance(token, yaml.ScalarToken) and token.plain:
            try:
                yaml.safe_load(token.value)
            except (ValueError, OverflowError):
                sentence = (
                    f"YAML takes {token.value[:40]!r} for a date or a number and cannot read it: put it in quotes."
                )
                return _problem(token.start_mark, (), sentence)
            except yaml.YAMLError:
                continue
    return Problem(1, 1, "", "A date or a number cannot be read: put it in quotes.")


def _unreadable(error: yaml.YAMLError, text: str) -> Problem:
    if isinstance(error, yaml.MarkedYAMLError):
        said = ", ".join(part for part in (error.context, error.problem) if part)
        mark = error.problem_mark or error.context_mark
        return Problem(mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, "", f"This is not YAML: {said}.")
    position = getattr(error, "position", 0)
    line = text.count("\n", 0, position) + 1
    return Problem(line, 1, "", "There is a character here that YAML does not allow, such as a control character.")
