"""Configuration files: every problem has its line, its path and the fix, whatever is wrong with the text."""

from __future__ import annotations

import pytest
from marshmallow import Schema, fields, validate

from portal.configuration_files import FileInvalid, load_yaml, not_known
from portal.errors import ConfigurationError
from portal.fields import Flag


class Cluster(Schema):
    name = fields.String(required=True)
    environment = fields.String(validate=validate.OneOf(["sandbox", "production"]))
    on_ = Flag(data_key="enabled")


class File(Schema):
    clusters = fields.List(fields.Nested(Cluster), required=True)
    many = fields.Nested(Cluster, many=True)
    by_name = fields.Dict(keys=fields.String(), values=fields.Nested(Cluster))


def refused(text: str) -> list[str]:
    with pytest.raises(FileInvalid) as problem:
        load_yaml(text, File(), name="file.yaml")
    assert isinstance(problem.value, ConfigurationError)
    assert problem.value.sentence.splitlines() == problem.value.lines()
    return problem.value.lines()


def test_a_good_file_is_loaded() -> None:
    text = "# a comment\nclusters:\n  - &first {name: a, environment: sandbox}\n  - {<<: *first, name: b}\n"
    assert load_yaml(text, File(), name="file.yaml") == {
        "clusters": [{"name": "a", "environment": "sandbox"}, {"name": "b", "environment": "sandbox"}]
    }


def test_every_problem_is_named_in_the_order_of_the_file() -> None:
    assert refused("clusters:\n- name: a\n  environment: sandbx\n- nmae: b\nmany:\n- {name: c, enabld: true}\n") == [
        "file.yaml:3: clusters[0].environment: 'sandbx' is not known; did you mean 'sandbox'?",
        "file.yaml:4: clusters[1].name: This is missing.",
        "file.yaml:4: clusters[1].nmae: 'nmae' is not known; did you mean 'name'?",
        "file.yaml:6: many[0].enabld: 'enabld' is not known; did you mean 'enabled'?",
    ]


def test_problems_carry_line_column_and_path() -> None:
    with pytest.raises(FileInvalid) as problem:
        load_yaml("clusters:\n  - {name: a, environment: prod}\n", File(), name="file.yaml")
    (found,) = problem.value.problems
    assert (found.line, found.column, found.path) == (2, 15, "clusters[0].environment")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "file.yaml:1: The file is empty."),
        ("# only a comment\n", "file.yaml:1: The file is empty."),
        ("- a\n", "file.yaml:1: Write keys with values here (`key: value`)."),
        ("just words", "file.yaml:1: Write keys with values here (`key: value`)."),
        ("clusters: {}\n", "file.yaml:1: clusters: Write a list here."),
        ("clusters:\n", "file.yaml:1: clusters: This is empty: give it a value or leave it out."),
        ("clusters:\n- 5\n", "file.yaml:2: clusters[0]: Write keys with values here (`key: value`)."),
        (
            "clusters:\n- name: off\n",
            "file.yaml:2: clusters[0].name: YAML reads 'off' as something other than text: put it in quotes.",
        ),
        (
            'clusters:\n- {name: a, enabled: "yes"}\n',
            "file.yaml:2: clusters[0].enabled: Write true or false, without quotes.",
        ),
        ("clusters: []\non: 1\n", "file.yaml:2: True: 'True' is not known; choose one of by_name, clusters, many."),
        (
            "clusters: []\nby_name:\n  x:\n    name: a\n    environment: live\n",
            "file.yaml:5: by_name.x.environment: 'live' is not known; choose one of production, sandbox.",
        ),
        ("clusters: []\nby_name: {x: {}}\n", "file.yaml:2: by_name.x.name: This is missing."),
        ("clusters: []\nby_name: {1: {name: a}}\n", "file.yaml:2: by_name.1: Write text here, in quotes"),
        ("clusters: []\nclusters: []\n", "file.yaml:2: clusters: 'clusters' stands here already, on line 1: keep one."),
        (
            "clusters:\n- name: a\n  'name': b\n",
            "file.yaml:3: clusters[0].name: 'name' stands here already, on line 2: keep one.",
        ),
        (
            "clusters: &a\n- *a\n",
            "file.yaml:1: clusters[0]: This contains itself: write it out instead of using an alias.",
        ),
        (
            "clusters: []\n---\nclusters: []\n",
            "file.yaml:2: This is not YAML: expected a single document in the stream",
        ),
        ("clusters:\n- {name: a\n", "file.yaml:3: This is not YAML: "),
        ("clusters:\n\t- a\n", "file.yaml:2: This is not YAML: "),
        (
            "clusters: []\nmany: !!python/object/apply:os.getcwd []\n",
            "file.yaml:2: This is not YAML: could not determine",
        ),
        ("clusters:\n- name: \x07\n", "file.yaml:2: There is a character here that YAML does not allow"),
        (
            "clusters:\n- name: 2026-13-01\n",
            "file.yaml:2: YAML takes '2026-13-01' for a date or a number and cannot read it: put it in quotes.",
        ),
        ("[" * 5000, "file.yaml:1: The file is nested too deeply."),
    ],
)
def test_one_problem(text: str, line: str) -> None:
    lines = refused(text)
    assert len(lines) == 1
    assert lines[0].startswith(line)


def test_aliases_of_aliases_do_not_take_for_ever() -> None:
    levels = "".join(f"  - &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]\n" for i in range(1, 12))
    assert refused(f"clusters: []\nbomb:\n  - &l0 [x]\n{levels}") == [
        "file.yaml:2: bomb: 'bomb' is not known; choose one of by_name, clusters, many."
    ]


@pytest.mark.parametrize(
    ("value", "choices", "said"),
    [
        ("productoin", ["sandbox", "production"], "'productoin' is not known; did you mean 'production'?"),
        ("prod", ["sandbox", "production"], "'prod' is not known; did you mean 'production'?"),
        ("x", ["b", "a"], "'x' is not known; choose one of a, b."),
        ("x", ["a"], "'x' is not known; it can only be a."),
        ("x", [], "'x' is not known."),
        ("x", [f"name-{i}" for i in range(40)], "'x' is not known."),
    ],
)
def test_what_is_not_known_is_said_with_what_is(value: str, choices: list[str], said: str) -> None:
    assert not_known(value, choices) == said
