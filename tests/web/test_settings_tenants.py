"""What a tenant keeps on its page of Settings: reasons to reject, and services with their tokens."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.desk import Desk
from tests.web.browser import Browser
from tests.web.settings_forms import SECRET, TERMS, actions, send
from tests.web.ticket_forms import sign_in

PAGE = "/settings/tenants/emojis"
SERVICE = {"name": "deployer", "title": "Deploys the shop", "roles": ["tenant-owner"]}
HOSTILE = "<img src=x onerror=alert(1)>"


def do(browser: Browser, path: str, **form: Any) -> Any:
    return send(browser, f"{PAGE}/{path}", PAGE, **form)


def test_reasons_are_added_changed_and_removed(local: Browser, desk: Desk) -> None:
    partner = sign_in(local, "partner")
    assert "None is kept yet" in partner.get(PAGE).text
    answer = do(partner, "reasons", name="use-opaque-ports", text=f"Use opaque ports. {HOSTILE}")
    assert answer.headers["Location"] == f"{PAGE}?done=kept"
    page = sign_in(local, "member").get(PAGE).text
    assert "Use opaque ports." in page
    assert HOSTILE not in page
    assert not actions(page, rf"{PAGE}/(reasons[^\"]*)")
    changed = do(partner, "reasons", name="use-opaque-ports", was="use-opaque-ports", text="Better words.")
    assert changed.status_code == 303
    kept = desk.get("tenants/emojis/reject-templates").get_json()["items"]
    assert [(one["name"], one["text"], one["written_by"]) for one in kept] == [
        ("use-opaque-ports", "Better words.", "partner")
    ]
    assert do(partner, "reasons/use-opaque-ports/remove").headers["Location"] == f"{PAGE}?done=forgotten"
    again = do(partner, "reasons/use-opaque-ports/remove")
    assert (again.status_code, "has no reason to reject called" in again.text) == (404, True)
    assert desk.get("tenants/emojis/reject-templates").get_json()["items"] == []


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"name": "Not A Name", "text": "my words"}, "is not a name"),
        ({"name": "", "text": "my words"}, "is not a name"),
        ({"name": "short", "text": " "}, "Give 1 to 4000 characters"),
        ({"name": "nul", "text": "a\x00b"}, "NUL"),
    ],
    ids=str,
)
def test_a_reason_that_is_refused_keeps_what_was_typed(
    local: Browser, desk: Desk, form: dict[str, str], words: str
) -> None:
    answer = do(sign_in(local, "partner"), "reasons", **form)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{form["name"]}"' in answer.text
    assert ("my words</textarea>" in answer.text) is (form["text"] == "my words")


def test_members_keep_no_reasons_and_no_services(local: Browser, desk: Desk) -> None:
    member = sign_in(local, "member")
    for path, form in (("reasons", {"name": "mine", "text": "x"}), ("services", SERVICE)):
        answer = do(member, path, **form)
        assert (answer.status_code, "Only an owner" in answer.text) == (403, True)
    assert not actions(member.get(PAGE).text, rf"{PAGE}/([^\"]*)")


@pytest.mark.parametrize("path", ["", "/reasons", "/services", "/services/x/remove", "/services/x/tokens"])
def test_another_tenant_is_none(local: Browser, desk: Desk, path: str) -> None:
    outsider = sign_in(local, "outsider_partner")
    for tenant in ("emojis", "nothing"):
        if path:
            form = {"name": "x", "text": "x", **TERMS}
            answer = send(outsider, f"/settings/tenants/{tenant}{path}", "/settings", **form)
        else:
            answer = outsider.get(f"/settings/tenants/{tenant}")
        assert answer.status_code == 404
        assert f"There is no tenant {tenant} of yours" in answer.text
        assert "Emojis" not in answer.text


def test_a_service_is_made_gets_a_token_and_is_removed(local: Browser, desk: Desk) -> None:
    owner = sign_in(local, "owner")
    assert do(owner, "services", **SERVICE).headers["Location"] == f"{PAGE}?done=made"
    page = owner.get(PAGE).text
    assert "emojis/deployer" in page
    answer = do(owner, "services/deployer/tokens", **TERMS)
    assert answer.status_code == 201
    secret = SECRET.findall(answer.text)[0]
    me = desk.get("me", None, headers={"Authorization": f"Bearer {secret}"}).get_json()
    assert me["name"] == "emojis/deployer"
    assert not SECRET.search(owner.get(PAGE).text)
    assert "emojis/deployer" in owner.get("/settings/tokens").text
    others = sign_in(local, "partner")
    assert "services/deployer/tokens" not in others.get(PAGE).text
    refused = do(others, "services/deployer/tokens", **TERMS)
    assert (refused.status_code, "who alone makes its tokens" in refused.text) == (403, True)
    assert do(others, "services/deployer/remove").headers["Location"] == f"{PAGE}?done=removed"
    assert desk.get("me", None, headers={"Authorization": f"Bearer {secret}"}).status_code == 401
    assert "There is none yet" in owner.get(PAGE).text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "Not A Name"}, "is not a name"),
        ({"title": ""}, "Give 1 to 200 characters"),
        ({"roles": []}, "Name at least one"),
        ({"roles": ["security-partner"]}, "a service has only roles of its owner"),
    ],
    ids=str,
)
def test_a_service_that_is_refused_keeps_what_was_typed(
    local: Browser, desk: Desk, changes: dict[str, Any], words: str
) -> None:
    form = {**SERVICE, "title": 'Deploys "the" shop', **changes}
    answer = do(sign_in(local, "owner"), "services", **form)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{form["name"]}"' in answer.text
    if form["title"]:
        assert "Deploys &#34;the&#34; shop" in answer.text


def test_a_token_of_a_service_that_is_refused_stays_with_it(local: Browser, desk: Desk) -> None:
    owner = sign_in(local, "owner")
    do(owner, "services", **SERVICE)
    answer = do(owner, "services/deployer/tokens", **{**TERMS, "number": "900", "name": "a pipeline of ours"})
    assert answer.status_code == 422
    assert "at most 90 days" in answer.text
    assert 'value="a pipeline of ours"' in answer.text
    other = do(owner, "services/other/tokens", **TERMS)
    assert (other.status_code, "has no service other" in other.text) == (404, True)


def test_tenants_of_ones_own_are_listed(local: Browser, desk: Desk) -> None:
    page = sign_in(local, "partner").get("/settings/tenants").text
    assert f'href="{PAGE}"' in page
    assert "Security partner" in page
    assert "books" not in page
    operator = sign_in(local, "operator")
    assert 'href="/admin/registry"' in operator.get("/settings/tenants").text
    assert operator.get(PAGE).status_code == 200
    auditor = sign_in(local, "auditor").get(PAGE)
    assert (auditor.status_code, actions(auditor.text, rf"{PAGE}/([^\"]*)")) == (200, [])
