"""Admin: the registry and the policy in force, and which rule a request would meet."""

from __future__ import annotations

import pytest

from portal import policy_store, registry
from portal.db import database_now
from portal.models import GroupRole, RegistryVersion, Role, Tenant
from portal.policy import default_policy
from portal.registry.file import load_registry
from tests.api.desk import Desk
from tests.web.browser import Browser
from tests.web.ticket_forms import sign_in

REGISTRY, POLICY = "/admin/registry", "/admin/policy"
HOSTILE = "<b>bold</b>"


def test_the_registry_in_force_is_told(local: Browser, desk: Desk) -> None:
    operator = sign_in(local, "operator")
    page = operator.get(REGISTRY).text
    assert "No registry file was applied yet" in page
    assert operator.get(f"{REGISTRY}/file").status_code == 404
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        text = "version: 1 # as it was written\n"
        session.add(RegistryVersion(applied_at=now, applied_by="operator2", digest="a" * 64, text=text))
        session.add(GroupRole(name="mesh-operators", tenant_id=None, role=Role.OPERATOR))
        session.add(Tenant(name="third", title=HOSTILE))
    page = operator.get(REGISTRY).text
    assert "In force is version 1" in page
    assert "applied by operator2" in page
    assert "3 tenants, 3 namespaces, 2 clusters, 10 people" in page
    assert "mesh-operators" in page
    for name in ("outsider_partner", "partner2", "operator2", "auditor", "practice", "sandbox"):
        assert f"<code>{name}</code>" in page or f"<td>{name}</td>" in page
    assert "meshdesk registry apply" in page
    assert HOSTILE not in page
    file = operator.get(f"{REGISTRY}/file")
    assert (file.text, file.headers["Content-Disposition"]) == (text, 'attachment; filename="registry.yaml"')


def test_what_the_last_registry_changed_is_told(local: Browser, desk: Desk) -> None:
    text = """
clusters: [{name: practice, environment: sandbox}]
tenants:
  - {name: emojis, title: Emojis, members: [member], owners: [owner], security_partners: [partner]}
people: [{name: member, title: M}, {name: owner, title: O}, {name: partner, title: P}, {name: operator, title: O}]
operators: [operator]
"""
    with desk.database.unit_of_work() as session:
        registry.apply(session, load_registry(text), by="operator", now=database_now(session))
    page = sign_in(local, "operator").get(REGISTRY).text
    assert "What the last one changed" in page
    assert "- tenant books" in page
    assert "In force is version 1" in page
    assert "1 tenant, 0 namespaces, 1 cluster, 4 people" in page


def test_tenants_are_found_and_stand_on_pages(local: Browser, desk: Desk) -> None:
    operator = sign_in(local, "operator")
    page = operator.get(f"{REGISTRY}?search=BOO").text
    assert 'href="/settings/tenants/books"' in page
    assert 'href="/settings/tenants/emojis"' not in page
    assert "No tenant is like that" in operator.get(f"{REGISTRY}?search=_").text
    first = operator.get(f"{REGISTRY}?limit=1").text
    assert ('tenants/books"' in first, 'tenants/emojis"' in first) == (True, False)
    following = first.split('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    second = operator.get(following).text
    assert ('tenants/books"' in second, 'tenants/emojis"' in second) == (False, True)
    assert 'rel="next"' not in second


def test_the_policy_in_force_is_a_table(local: Browser, desk: Desk) -> None:
    auditor = sign_in(local, "auditor")
    page = auditor.get(POLICY).text
    assert "none was applied yet" in page
    for rule in default_policy().rules:
        assert f'id="rule-{rule.name}"' in page
    assert auditor.get(f"{POLICY}/file").text == default_policy().text
    rule = f"""
version: 1
rules:
  - name: only-sandboxes
    when: {{kind: generic, environment: sandbox}}
    approvals: [{{from: "group:leads", count: 2}}]
    longest: P1D
    reason: "{HOSTILE}"
"""
    with desk.database.unit_of_work() as session:
        policy_store.apply_policy(session, rule, by="operator2", now=database_now(session))
    page = auditor.get(POLICY).text
    assert "applied by operator2" in page
    assert "The 1 rule, in their order" in page
    assert "2 group:leads" in page
    assert "No rule matches generic in staging or production" in page
    assert HOSTILE not in page
    assert "generic in production for tenant any would be refused" in page_of(auditor, "generic", "production")


def page_of(browser: Browser, kind: str, environment: str, **more: str) -> str:
    asked = {"kind": kind, "environment": environment, **more}
    return browser.get(POLICY, query_string=asked).text


def test_a_request_meets_its_rule_with_the_reason(local: Browser, desk: Desk) -> None:
    operator = sign_in(local, "operator")
    more = {"mode": "skip-ports", "application_encryption": "none", "tenant": "emojis"}
    page = page_of(operator, "encryption-exception", "production", **more)
    assert 'It meets the rule <a href="#rule-skip-ports-unencrypted-production">' in page
    assert "1 tenant-owner and 1 security-partner" in page
    assert "at most 30 days" in page
    assert "application encryption is none (it takes claimed or verified)" in page
    assert "<option selected>skip-ports</option>" in page
    assert 'value="emojis"' in page
    # The kind bounds what the rule leaves open.
    assert "no limit, or no end" in page_of(operator, "generic", "sandbox")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (
            {"kind": "encryption-exception", "environment": "production"},
            "Say which mode: skip-ports, disable-injection",
        ),
        (
            {"kind": "encryption-exception", "environment": "production", "mode": "skip-ports"},
            "Say whether its application encrypts",
        ),
        ({"kind": "generic", "environment": "sandbox", "mode": "skip-ports"}, "generic has no mode"),
        (
            {"kind": "generic", "environment": "sandbox", "application_encryption": "none"},
            "does not matter for it",
        ),
        ({"kind": "nonsense", "environment": "sandbox"}, "Use one of encryption-exception"),
        ({"kind": "generic"}, "This is needed."),
        ({"kind": "generic", "environment": "sandbox", "colour": "red"}, "There is no such field"),
    ],
    ids=str,
)
def test_what_no_request_can_be_is_refused(local: Browser, desk: Desk, query: dict[str, str], words: str) -> None:
    answer = sign_in(local, "operator").get(POLICY, query_string=query)
    assert answer.status_code == 422
    assert words in answer.text
    assert "It meets the rule" not in answer.text
    assert 'id="rule-generic"' in answer.text
