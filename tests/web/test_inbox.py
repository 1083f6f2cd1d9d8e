"""The inbox: what waits for whom in which order, deciding there and going on to the next, and what is refused."""

from __future__ import annotations

import re
from html import unescape

from werkzeug.test import TestResponse

from portal.mesh.findings import Finding, Severity
from tests import world
from tests.api.desk import Desk
from tests.web import scenes
from tests.web.browser import Browser
from tests.web.ticket_forms import VERSION, sign_in

BLOCK = Finding("rollout-blocked", Severity.BLOCKING, "deployment/emoji", "It is paused.", "Resume it.")
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def exception(port: int, **changes: object) -> dict[str, object]:
    return world.exception(inbound=str(port), **changes)


def waiting_in(page: str) -> list[str]:
    """The tickets of the list, in its order."""
    return re.findall(r'class="line"><code>(MD-\d+)</code>', page)


def chosen_in(page: str) -> str | None:
    """The ticket whose case is shown."""
    found = re.search(r"<h2><code>(MD-\d+)</code>", page)
    return None if found is None else found[1]


def marks_of(page: str, ref: str) -> list[str]:
    """The marks of one ticket in the list."""
    row = page[page.index(f'class="line"><code>{ref}</code>') :].partition("</li>")[0]
    return re.findall(r'class="mark">([^<]+)<', row)


def act(browser: Browser, ref: str, deed: str, query: str = "", **form: str) -> TestResponse:
    """Send a form of the inbox, with the version that it shows of the ticket."""
    page = f"/inbox?ticket={ref}"
    found = VERSION.search(browser.get(page).text)
    assert found is not None
    return browser.send(f"/inbox/{ref}/{deed}{query}", page, **{"version": found[1], **form})


def test_what_waits_stands_oldest_first_with_its_risks(local: Browser, desk: Desk) -> None:
    plain = {"encrypted": False, "how": "It does not; we accept it."}
    first = scenes.checked(desk, BLOCK, fields=exception(7000))["ref"]
    second = scenes.checked(desk, fields=exception(7001, application_encryption=plain))["ref"]
    third = scenes.checked(desk, fields=world.exception(mode="disable-injection", inbound=""))["ref"]
    broken = desk.broken(fields=exception(7002))["ref"]
    long = desk.long_open(fields=exception(7003))["ref"]
    page = sign_in(local, "partner").get("/inbox").text
    assert waiting_in(page) == [first, second, third, broken, long]
    assert chosen_in(page) == first
    assert "5 wait for you" in page
    assert [marks_of(page, ref) for ref in (first, second, third, broken, long)] == [
        ["production", "blocking findings"],
        ["production", "not encrypted"],
        ["production", "no proxy"],
        ["broken glass to review", "production"],
        ["to recertify", "production"],
    ]


def test_each_sees_what_waits_for_them_and_nothing_else(local: Browser, desk: Desk) -> None:
    plain = {"encrypted": False, "how": "It does not; we accept it."}
    both = scenes.checked(desk, fields=exception(7000, application_encryption=plain))["ref"]
    one = scenes.checked(desk, fields=exception(7001))["ref"]
    generic = desk.generic()["ref"]
    seen = {who: waiting_in(sign_in(local, who).get("/inbox").text) for who in world.ROLES}
    assert seen["partner"] == seen["partner2"] == [both, one]
    assert seen["owner"] == [both]
    assert seen["operator"] == seen["operator2"] == [generic]
    assert {who for who, found in seen.items() if not found} == {
        *("member", "member2", "outsider", "outsider_partner", "auditor")
    }


def test_nothing_waits(local: Browser) -> None:
    page = sign_in(local, "partner").get("/inbox").text
    assert "<h2>Nothing waits for you</h2>" in page
    assert 'href="/tickets">All tickets</a>' in page
    assert "<kbd>" not in page


def test_filters_are_in_the_address_and_stay_there(local: Browser, desk: Desk) -> None:
    first = scenes.checked(desk, fields=exception(7000))["ref"]
    second = scenes.checked(desk, fields=exception(7001))["ref"]
    partner = sign_in(local, "partner")
    page = partner.get("/inbox?kind=encryption-exception&cluster=practice&tenant=emojis").text
    assert waiting_in(page) == [first, second]
    assert f'href="/inbox?tenant=emojis&amp;kind=encryption-exception&amp;cluster=practice&amp;ticket={second}"' in page
    assert f'action="/inbox/{first}/approve?tenant=emojis&amp;kind=encryption-exception&amp;cluster=practice"' in page
    for query in ("kind=generic", "cluster=playground", "tenant=books"):
        none = partner.get(f"/inbox?{query}").text
        assert waiting_in(none) == []
        assert 'href="/inbox">Everything that waits</a>' in none
    assert partner.get("/inbox?nonsense=1").status_code == 422
    assert partner.get("/inbox?kind=").status_code == 200


def test_the_case_is_shown_whole(local: Browser, desk: Desk) -> None:
    before = scenes.checked(desk)
    desk.decide(before["ref"], before["version"], decision="reject", note="use opaque ports")
    ref = scenes.checked(desk)["ref"]
    page = sign_in(local, "partner").get(f"/inbox?ticket={ref}").text
    for words in (
        "vendor protocol breaks behind a proxy",
        "TLS 1.3 in the server",
        "+config.linkerd.io/skip-inbound-ports: 8080,9000-9010",
        "skip-ports-encrypted",
        "1 security partner",
        "A single replica.",
        "1 like it: 0 approved, 1 rejected",
        "use opaque ports",
        'name="whole.workloads"',
        f'action="/inbox/{ref}/question"',
    ):
        assert words in page, words


def test_a_decision_leads_on_to_the_next(local: Browser, desk: Desk) -> None:
    refs = [scenes.checked(desk, fields=exception(port))["ref"] for port in (7000, 7001, 7002)]
    partner = sign_in(local, "partner")
    answer = act(partner, refs[1], "approve", "?cluster=practice", note="seen")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/inbox?cluster=practice&done={refs[1]}")
    page = partner.get(answer.headers["Location"]).text
    assert f"{refs[1]}</a>: you approved it." in page
    assert (chosen_in(page), waiting_in(page)) == (refs[2], [refs[0], refs[2]])
    page = partner.get(act(partner, refs[2], "reject", note="no").headers["Location"]).text
    assert f"{refs[2]}</a>: you rejected it." in page
    assert chosen_in(page) == refs[0]
    page = partner.get(act(partner, refs[0], "question", text="Which vendor?").headers["Location"]).text
    assert "is on hold until partner" in unescape(page)
    assert (chosen_in(page), waiting_in(page)) == (None, [])
    assert [desk.ticket(ref)["state"] for ref in refs] == ["pending", "approved", "rejected"]


def test_what_was_done_is_told_from_the_ticket_and_not_from_the_address(local: Browser, desk: Desk) -> None:
    ref = scenes.checked(desk)["ref"]
    assert "you approved it" not in sign_in(local, "partner").get(f"/inbox?done={ref}").text
    outsider = sign_in(local, "outsider_partner").get(f"/inbox?done={ref}").text
    assert ref not in outsider.partition("<main")[2].partition(">")[2]


def test_a_comment_stays_on_the_ticket(local: Browser, desk: Desk) -> None:
    ref = scenes.checked(desk)["ref"]
    answer = act(sign_in(local, "partner"), ref, "comment", text="I look at it.")
    assert answer.headers["Location"] == f"/inbox?ticket={ref}"


def test_a_refusal_is_the_inbox_again_with_what_was_typed(local: Browser, desk: Desk) -> None:
    first, second = (scenes.checked(desk, fields=exception(port))["ref"] for port in (7000, 7001))
    partner = sign_in(local, "partner")
    answer = act(partner, second, "reject", "?tenant=emojis", note=" ")
    assert (answer.status_code, chosen_in(answer.text)) == (422, second)
    assert waiting_in(answer.text) == [first, second]
    assert "Say why you reject it" in answer.text
    stale = act(partner, second, "approve", note="a note of mine", version="1")
    assert stale.status_code == 412
    assert "a note of mine</textarea>" in stale.text
    less = act(partner, second, "approve", note="n", **{"whole.workloads": "1", "grant.workloads": ""})
    assert (less.status_code, "Name 1 to 50 workloads." in less.text) == (422, True)


def test_less_is_granted_in_the_inbox(local: Browser, desk: Desk) -> None:
    ref = scenes.checked(desk)["ref"]
    form = {"whole.workloads": "1", "grant.workloads": "1", "note": "one is enough"}
    assert act(sign_in(local, "partner"), ref, "approve", **form).status_code == 303
    assert desk.ticket(ref)["fields"]["workloads"] == ["deployment/voting"]


def test_broken_glass_is_reviewed_and_long_windows_recertified(local: Browser, desk: Desk) -> None:
    broken, long = desk.broken()["ref"], desk.long_open(fields=exception(7000))["ref"]
    partner = sign_in(local, "partner")
    answer = act(partner, broken, "review", note="it was", justified="yes")
    assert answer.headers["Location"] == f"/inbox?done={broken}"
    assert waiting_in(partner.get("/inbox").text) == [long]
    assert act(partner, long, "recertify", note="the vendor is at it").status_code == 303
    assert waiting_in(partner.get("/inbox").text) == []


def test_an_answer_and_what_operators_carry_out_wait_too(local: Browser, desk: Desk) -> None:
    asked = scenes.checked(desk, who="owner")["ref"]
    desk.post(f"tickets/{asked}/questions", {"text": "Which vendor?"}, "partner")
    owner = sign_in(local, "owner")
    page = owner.get("/inbox").text
    assert marks_of(page, asked) == ["waits for your answer", "production"]
    assert act(owner, asked, "answer", text="The one of the tills.").status_code == 303
    generic = desk.generic()
    desk.decide(generic["ref"], generic["version"], "operator")
    operator = sign_in(local, "operator2")
    assert "to carry out" in marks_of(operator.get("/inbox").text, generic["ref"])
    assert act(operator, generic["ref"], "take").headers["Location"] == f"/inbox?ticket={generic['ref']}"
    assert waiting_in(sign_in(local, "operator").get("/inbox").text) == []
    assert waiting_in(operator.get("/inbox").text) == [generic["ref"]]


def test_another_tenants_ticket_is_not_found(local: Browser, desk: Desk) -> None:
    ref = scenes.checked(desk)["ref"]
    outsider = sign_in(local, "outsider_partner")
    assert outsider.get(f"/inbox?ticket={ref}").status_code == 404
    assert outsider.get("/inbox?ticket=nonsense").status_code == 404
    assert outsider.send(f"/inbox/{ref}/reject", note="no", version="2").status_code == 404
    assert outsider.send("/inbox/MD-1/nonsense").status_code == 404
    assert desk.ticket(ref)["state"] == "pending"


def test_a_ticket_that_waits_no_more_says_so(local: Browser, desk: Desk) -> None:
    ref = desk.approved()["ref"]
    assert "It does not wait for you any more." in sign_in(local, "partner").get(f"/inbox?ticket={ref}").text


def test_several_are_decided_from_the_inbox(local: Browser, desk: Desk) -> None:
    good, bad = scenes.checked(desk, fields=exception(7000)), scenes.checked(desk, BLOCK, fields=exception(7001))
    partner = sign_in(local, "partner")
    page = partner.get("/inbox?tenant=emojis").text
    ticks = re.findall(r'name="ticket" value="(MD-\d+:\d+)"', page)
    assert [one.partition(":")[0] for one in ticks] == [good["ref"], bad["ref"]]
    form = {"form_token": partner.form_token(), "decision": "approve", "note": "seen", "ticket": ticks}
    answer = partner.client.post("/inbox/decisions?tenant=emojis", data=form, base_url=partner.home)
    assert answer.status_code == 200
    assert (desk.ticket(good["ref"])["state"], desk.ticket(bad["ref"])["state"]) == ("approved", "pending")
    assert "found what blocks the change" in answer.text
    assert waiting_in(answer.text) == [bad["ref"]]
    nothing = partner.send("/inbox/decisions", decision="reject", note="kept")
    assert (nothing.status_code, "No ticket was ticked" in nothing.text) == (409, True)
    assert partner.send("/inbox/decisions", decision="maybe").status_code == 422


def test_who_is_not_signed_in_comes_back(local: Browser) -> None:
    assert local.get("/inbox?kind=generic").headers["Location"] == "/sign-in?next=%2Finbox%3Fkind%3Dgeneric"


def test_hostile_words_stay_words(local: Browser, desk: Desk) -> None:
    desk.generic(fields={"title": HOSTILE, "text": HOSTILE}, reason=HOSTILE)
    page = sign_in(local, "operator").get("/inbox").text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_long_inbox_shows_the_oldest_and_says_that_there_are_more(local: Browser, desk: Desk) -> None:
    made = [scenes.checked(desk, fields=exception(7000 + number))["ref"] for number in range(51)]
    page = sign_in(local, "partner").get("/inbox")
    assert waiting_in(page.text) == made[:50]
    assert "More than 50 wait for you" in page.text
    assert len(page.data) < 150_000
