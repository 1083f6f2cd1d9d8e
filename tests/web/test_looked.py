"""What a preflight saw, on the page of its ticket: the lines to commit, what counts now, the rehearsal."""

from __future__ import annotations

from portal.mesh.diff import template_diff
from portal.mesh.findings import Finding, Severity
from portal.models import Evidence
from portal.web.looked import looked
from portal.wording import commits_in
from tests.api.desk import Desk
from tests.web import scenes
from tests.web.browser import Browser
from tests.web.ticket_forms import sign_in

HOSTILE = "<script>alert(1)</script>"


def test_the_page_shows_what_to_commit_and_what_counts(local: Browser, desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    scenes.looked(desk, ref, *scenes.FINDINGS, seen=scenes.seen("deployment/emoji", HOSTILE))
    page = sign_in(local, "partner").get(f"/tickets/{ref}").text
    assert "Commit this to Git while it is open" in page
    assert f"{scenes.SKIP}: &#34;4567,4568,8080&#34;" in page
    assert "managed by Argo CD (Application &lt;script&gt;" in page
    assert HOSTILE not in page
    assert "control plane default" in page
    assert "What the API server answered" in page


def test_without_a_gitops_controller_nothing_is_to_be_committed(local: Browser, desk: Desk) -> None:
    ref = scenes.checked(desk)["ref"]
    page = sign_in(local, "member").get(f"/tickets/{ref}").text
    assert "Commit this to Git" not in page


def test_targets_that_the_ticket_has_no_more_are_not_shown() -> None:
    data = {"targets": [scenes.seen("deployment/emoji"), scenes.seen("deployment/voting")], "findings": []}
    evidence = [Evidence(kind="preflight", data=data), Evidence(kind="before", data={"targets": []})]
    found = looked(evidence, ["deployment/voting"])
    assert found is not None
    assert [one.target for one in found.targets] == ["deployment/voting"]
    assert [name for name, _ in found.commits] == ["deployment/voting"]
    assert looked(evidence, ["namespace/other"]) is None
    assert looked([], ["deployment/voting"]) is None


def test_of_very_many_workloads_some_are_shown_and_the_rest_counted() -> None:
    names = [f"deployment/app-{number}" for number in range(14)]
    found = looked([Evidence(kind="preflight", data={"targets": [scenes.seen(one) for one in names]})], names)
    assert found is not None
    assert (len(found.targets), found.left_out, len(found.commits)) == (10, 4, 14)


def test_what_several_workloads_have_in_common_is_one_line(local: Browser, desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    same = [
        Finding("skipped-is-unseen", Severity.INFO, f"deployment/app-{number}", "It is unseen.", "No mTLS.")
        for number in range(6)
    ]
    scenes.looked(desk, ref, *same, *scenes.FINDINGS)
    page = sign_in(local, "partner").get(f"/tickets/{ref}").text
    assert page.count("It is unseen.") - page.count("&#34;It is unseen.&#34;") == 1
    assert "deployment/app-2, deployment/app-3 and 2 more" in page


def test_what_was_never_a_preflight_has_nothing_to_commit() -> None:
    assert commits_in({"targets": [{"workload": "x", "change": template_diff({}, {})}]}) == []
    assert commits_in(None) == []
