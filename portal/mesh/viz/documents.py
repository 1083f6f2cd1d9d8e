"""The texts of a bundle as objects: YAML with several documents, JSON, and `kind: List`; bundle.py reads through it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from portal.mesh.objects import ObjectRef
from portal.mesh.viz.names import Object

_BASE: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _Loader(_BASE):  # type: ignore[valid-type, misc]  # which of the two it is, is known when it runs
    """Safe YAML as Kubernetes reads it: what looks like a date stays text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as PyYAML asks
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


@dataclass(frozen=True)
class Manifest:
    """One object and the name of the file that it stands in."""

    file: str
    obj: Object

    @property
    def ref(self) -> ObjectRef:
        """Which object it is."""
        return ObjectRef.of(self.obj)

    def problem(self, sentence: str) -> str:
        """A sentence about this object, with its file and name before it."""
        return f"{self.file}: {self.ref} {sentence}"


def manifests(texts: Mapping[str, str]) -> tuple[list[Manifest], list[str]]:
    """The objects of all files in the order of the files' names, and in sentences what cannot be read as one."""
    found: list[Manifest] = []
    problems: list[str] = []
    for file in sorted(texts):
        try:
            documents = list(_documents(texts[file]))
        except (ValueError, RecursionError, yaml.YAMLError) as error:
            problems.append(f"{file}: this is neither YAML nor JSON ({_first_line(error)}).")
            continue
        for number, document in enumerate(documents, 1):
            problem = shape_problem(document)
            if problem is None:
                found.append(Manifest(file, document))
            else:
                problems.append(f"{file}: {_named(document) or f'document {number}'} {problem}")
    return found, problems


def _documents(text: str) -> Iterator[Any]:
    loaded = _json(text) if text.lstrip()[:1] in ("{", "[") else yaml.load_all(text, _Loader)
    for document in loaded:
        yield from _flat(document)


def _json(text: str) -> Iterator[Any]:
    """JSON values one after the other: `linkerd viz install -o json` writes no List."""
    decoder, rest = json.JSONDecoder(), text.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        yield value
        rest = rest[end:].lstrip().removeprefix("---").lstrip()


def _flat(document: Any) -> Iterator[Any]:
    if isinstance(document, dict) and document.get("kind") == "List":
        document = document.get("items") or []
    if isinstance(document, list):
        for item in document:
            yield from _flat(item)
    elif document is not None:
        yield document


def shape_problem(document: Any) -> str | None:
    """Why this is no manifest, as the rest of a sentence; None where it is one."""
    metadata = document.get("metadata") if isinstance(document, dict) else None
    if not isinstance(metadata, dict) or not all(_is_text(document.get(key)) for key in ("apiVersion", "kind")):
        return "is no object: it needs apiVersion, kind and metadata."
    return _metadata_problem(metadata) or _body_problem(document)


def _metadata_problem(metadata: Mapping[str, Any]) -> str | None:
    if metadata.get("generateName"):
        return "has generateName: give it a name, or it could not be found again."
    if not _is_text(metadata.get("name")):
        return "needs metadata.name."
    if metadata.get("namespace") is not None and not isinstance(metadata["namespace"], str):
        return "needs text as metadata.namespace: put it in quotes."
    for key in ("labels", "annotations"):
        if not _is_texts(metadata.get(key)):
            return f"needs text for each of its {key}: put the values in quotes."
    return None


def _body_problem(document: Mapping[str, Any]) -> str | None:
    for key in ("spec", "roleRef"):
        if not isinstance(document.get(key) or {}, dict):
            return f"needs keys with values under {key}."
    for key in ("subjects", "rules", "webhooks"):
        value = document.get(key) or []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            return f"needs a list of objects under {key}."
    return None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_texts(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and all(isinstance(one, str) for one in (*value, *value.values())))


def _named(document: Any) -> str:
    if not isinstance(document, dict):
        return ""
    metadata = document.get("metadata")
    name = metadata.get("name") or metadata.get("generateName") if isinstance(metadata, dict) else None
    return f"{document.get('kind')} {name}" if document.get("kind") and name else ""


def _first_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    words = getattr(error, "problem", None) or str(error).split("\n", 1)[0]
    return f"line {mark.line + 1}: {words}" if mark is not None else words
