"""How two registries differ: a line for each difference, in an order of its own."""

from __future__ import annotations

import pytest

from portal.registry.file import Action, Change, RegistryFile, diff, load_registry
from tests.unit.registry_text import GOOD


def test_the_same_registry_differs_in_nothing_whatever_its_order() -> None:
    registry = load_registry(GOOD)
    backwards = RegistryFile(
        registry.clusters[::-1], registry.tenants[::-1], registry.people[::-1], registry.operators, registry.auditors
    )
    assert diff(registry, backwards) == diff(backwards, registry) == []


def test_from_nothing_everything_is_added_and_to_nothing_everything_removed() -> None:
    registry = load_registry(GOOD)
    added, removed = diff(RegistryFile(), registry), diff(registry, RegistryFile())
    assert [str(change) for change in added] == [
        "+ cluster lab (sandbox)",
        "+ cluster practice (production)",
        "+ person member",
        "+ person operator",
        "+ person owner",
        "+ person partner",
        "+ person second_partner",
        "+ tenant books",
        "+ tenant emojis",
        "+ namespace lab/emojivoto of tenant books (sandbox)",
        "+ namespace practice/emojivoto of tenant emojis (production)",
        "+ namespace practice/emojivoto-trial of tenant emojis (staging)",
        "+ member member of tenant emojis",
        "+ tenant-owner owner of tenant books",
        "+ tenant-owner owner of tenant emojis",
        "+ security-partner partner of tenant books",
        "+ security-partner partner of tenant emojis",
        "+ security-partner second_partner of tenant emojis",
        "+ platform-operator operator",
    ]
    assert [str(change)[1:] for change in removed] == [str(change)[1:] for change in added]
    assert {change.action for change in removed} == {Action.REMOVE}


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        (
            "{cluster: practice, name: emojivoto}",
            "{cluster: practice, name: emojivoto, environment: sandbox}",
            ["~ namespace practice/emojivoto environment production -> sandbox"],
        ),
        (
            "{cluster: practice, name: emojivoto}",
            "{cluster: practice, name: emojivoto, environment: production}",
            ["~ namespace practice/emojivoto own environment none -> production"],
        ),
        (
            "environment: production",
            "environment: staging",
            [
                "~ cluster practice environment production -> staging",
                "~ namespace practice/emojivoto environment production -> staging",
            ],
        ),
        ("title: The emojis", "title: Emojis", ['~ tenant emojis title "The emojis" -> Emojis']),
        (", email: member@example.com", "", ["~ person member email member@example.com -> none"]),
        (", description: The big one", "", ['~ cluster practice description "The big one" -> ""']),
        (
            "members: [member]",
            "members: [owner]",
            ["- member member of tenant emojis", "+ member owner of tenant emojis"],
        ),
        ("auditors: []", "auditors: [owner]", ["+ auditor owner"]),
    ],
)
def test_one_change_is_one_line(old: str, new: str, lines: list[str]) -> None:
    assert [str(change) for change in diff(load_registry(GOOD), load_registry(GOOD.replace(old, new, 1)))] == lines


def test_a_namespace_that_moves_is_one_change() -> None:
    moved = GOOD.replace("      - {cluster: practice, name: emojivoto}\n", "").replace(
        "[{cluster: lab, name: emojivoto}]", "[{cluster: lab, name: emojivoto}, {cluster: practice, name: emojivoto}]"
    )
    assert diff(load_registry(GOOD), load_registry(moved)) == [
        Change(Action.CHANGE, "namespace", "practice/emojivoto", "tenant emojis -> books")
    ]
