"""registry.yaml: what is read, what is refused with its line and what is warned of."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from portal.configuration_files import FileInvalid
from portal.registry.file import load_registry
from portal.registry.state import ClusterEntry, NamespaceEntry, PersonEntry, TenantEntry
from tests.unit.registry_text import GOOD


def refused(*changes: tuple[str, str]) -> list[str]:
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    with pytest.raises(FileInvalid) as problem:
        load_registry(text)
    return problem.value.lines()


def test_every_part_is_read() -> None:
    registry = load_registry(GOOD)
    assert registry.clusters == (
        ClusterEntry("practice", "production", "https://console.example.com/mesh", "The big one"),
        ClusterEntry("lab", "sandbox"),
    )
    assert registry.tenants[0] == TenantEntry(
        name="emojis",
        title="The emojis",
        namespaces=(
            NamespaceEntry("practice", "emojivoto"),
            NamespaceEntry("practice", "emojivoto-trial", "staging"),
        ),
        members=("member",),
        owners=("owner",),
        security_partners=("partner", "second_partner"),
    )
    assert registry.people[:2] == (
        PersonEntry("member", "A member", "member@example.com"),
        PersonEntry("owner", "owner"),
    )
    assert (registry.operators, registry.auditors, registry.text) == (("operator",), (), GOOD)


def test_the_environment_of_a_namespace_is_its_own_or_its_clusters() -> None:
    registry = load_registry(GOOD)
    found = [registry.environment_of(namespace) for tenant in registry.tenants for namespace in tenant.namespaces]
    assert found == ["production", "staging", "sandbox"]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "environment: sandbox",
            "environment: sandbx",
            "3: clusters[1].environment: 'sandbx' is not known; did you mean",
        ),
        ("name: lab,", "name: Lab_1,", "3: clusters[1].name: 'Lab_1' is not a name"),
        ("name: lab,", f"name: {'x' * 64},", "3: clusters[1].name: "),
        (
            "tenants:",
            "  - {name: lab, environment: staging}\ntenants:",
            "4: clusters[2].name: clusters[1] is called 'lab' too",
        ),
        ("name: lab, environment: sandbox", "name: lab", "3: clusters[1].environment: This is missing."),
        ('console: "https:', 'console: "ftp:', "2: clusters[0].console: Write an address that starts with https://"),
        ("name: emojis\n", "name: my emojis\n", "5: tenants[0].name: 'my emojis' is not a name"),
        ("name: books\n", "name: emojis\n", "13: tenants[1].name: tenants[0] is called 'emojis' too: keep one."),
        ("    members:", "    membres:", "10: tenants[0].membres: 'membres' is not known; did you mean 'members'?"),
        ("title: The emojis", "title: ''", "6: tenants[0].title: Write 1 to 200 characters."),
        ("environment: staging", "environment: stage", "9: tenants[0].namespaces[1].environment: 'stage' is not known"),
        (
            "{cluster: practice, name: emojivoto}",
            "{cluster: practise, name: emojivoto}",
            "8: tenants[0].namespaces[0].cluster: Cluster 'practise' is not known; did you mean 'practice'?",
        ),
        (
            "{cluster: lab, name: emojivoto}",
            "{cluster: practice, name: emojivoto}",
            "14: tenants[1].namespaces[0].name: Tenant emojis owns emojivoto on practice already: only one can.",
        ),
        (
            "name: emojivoto-trial,",
            "name: emojivoto,",
            "9: tenants[0].namespaces[1].name: Tenant emojis owns emojivoto on practice already: only one can.",
        ),
        (
            "members: [member]",
            "members: [membr]",
            "10: tenants[0].members[0]: Person 'membr' is not known; did you mean",
        ),
        (
            "second_partner]",
            "second-partner]",
            "12: tenants[0].security_partners[1]: Person 'second-partner' is not known",
        ),
        ("second_partner]", "partner]", "12: tenants[0].security_partners[1]: 'partner' stands in this list already"),
        ("operators: [operator]", "operators: [nobody]", "23: operators[0]: Person 'nobody' is not known"),
        ("auditors: []", "auditors: [auditr]", "24: auditors[0]: Person 'auditr' is not known"),
        (
            "{name: operator}",
            "{name: operator}\n  - {name: owner}",
            "23: people[5].name: people[1] is called 'owner' too",
        ),
        ("{name: owner}", "{name: Owner Two}", "19: people[1].name: 'Owner Two' is not a sign-in name"),
        ("{name: owner}", "{name: meshdesk-clock}", "19: people[1].name: Names that start with 'meshdesk-'"),
        ("email: member@example.com", "email: member", "18: people[0].email: Write a mail address"),
        ("auditors: []", "auditors: []\noperators: []", "25: operators: 'operators' stands here already, on line 23"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_the_fix(old: str, new: str, line: str) -> None:
    (found,) = refused((old, new))
    assert found.startswith(f"registry.yaml:{line}")


def test_all_broken_rules_are_named_at_once() -> None:
    lines = refused(
        ("members: [member]", "members: [membr]"), ("cluster: lab,", "cluster: lib,"), ("[operator]", "[opera]")
    )
    assert [line.split(":")[1] for line in lines] == ["10", "14", "23"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("security_partners: [partner, second_partner]", "security_partners: []", "emojis has no security partner"),
        (
            "security_partners: [partner, second_partner]",
            "security_partners: [member]",
            "The only security partner of tenant emojis is its only member",
        ),
        ("owners: [owner]", "owners: []", "emojis has no owner"),
        ("operators: [operator]", "operators: []", "Nobody is a platform operator"),
    ],
)
def test_what_nobody_could_approve_is_warned_of(old: str, new: str, said: str) -> None:
    assert load_registry(GOOD).warnings() == []
    (warning,) = load_registry(GOOD.replace(old, new, 1)).warnings()
    assert said in warning


def test_the_practice_registry_has_a_person_of_each_role() -> None:
    registry = load_registry((resources.files("portal.practice") / "registry.yaml").read_text("utf-8"))
    tenants = {tenant.name: tenant for tenant in registry.tenants}
    assert {cluster.name: cluster.environment for cluster in registry.clusters} == {
        "practice": "production",
        "practice-sandbox": "sandbox",
    }
    assert {
        name: [f"{namespace.cluster}/{namespace.name}" for namespace in tenant.namespaces]
        for name, tenant in tenants.items()
    } == {
        "emojis": ["practice/emojivoto", "practice-sandbox/emojivoto-dev"],
        "books": ["practice/books", "practice-sandbox/books-dev"],
        "payments": ["practice/payments"],
    }
    emojis, books, payments = tenants["emojis"], tenants["books"], tenants["payments"]
    assert (emojis.members, emojis.owners, emojis.security_partners) == (
        ("member",),
        ("owner",),
        ("partner", "partner2"),
    )
    assert (books.members, books.security_partners) == (("outsider",), ("outsider_partner",))
    assert (payments.owners, payments.security_partners) == (("payments-owner",), ("payments-partner",))
    assert (registry.operators, registry.auditors) == (("operator",), ("auditor",))
    assert registry.warnings() == []


def test_the_example_registry_can_be_used_as_it_is() -> None:
    example = Path(__file__).parents[2] / "examples" / "registry.yaml"
    assert load_registry(example.read_text("utf-8")).warnings() == []
