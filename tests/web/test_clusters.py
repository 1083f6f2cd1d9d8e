"""The pages of clusters: what is known and what is not, one's workloads, and what operators do to one as a whole."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from portal.db import database_now
from portal.mesh.holes import Code
from portal.models import Cluster, PostureCluster, PostureHole, Ticket, VizBundle
from portal.states import State
from tests import world
from tests.api.desk import Desk
from tests.certificates import write_down
from tests.web.browser import Browser
from tests.web.inventory import LONGEST, add_namespace, change, keep_away, take_away
from tests.web.ticket_forms import sign_in

WORKLOAD = re.compile(r"<code>(deployment/<wbr>service-\d\d)</code>")
CONSOLE = "https://grafana.example.com"
HOSTILE = "<script>alert(1)</script>{{ 7 * 7 }}"


def set_on(desk: Desk, name: str = "practice", **values: object) -> None:
    with desk.database.unit_of_work() as session:
        session.execute(update(Cluster).where(Cluster.name == name).values(**values))


def test_each_cluster_of_ones_tenants_has_what_is_known_of_it(local: Browser, desk: Desk) -> None:
    set_on(desk, console=CONSOLE, description=HOSTILE)
    keep_away(desk.database, "playground", "Connection refused.", timedelta(hours=3))
    page = sign_in(local, "member").get("/clusters").text
    assert "1 of 2 clusters cannot be vouched for</h1>" in page
    assert page.index('href="/clusters/playground"') < page.index('href="/clusters/practice"')
    assert "Connection refused. What is shown was read 3 h ago." in page
    for words in ("edge-26.6.3", "not read yet", "sandbox", "1 namespace of yours", CONSOLE):
        assert words in page
    assert "<script>alert" not in page
    books = sign_in(local, "outsider").get("/clusters").text
    assert "playground" not in books


def test_a_cluster_without_ones_namespaces_is_the_same_page_as_none(local: Browser) -> None:
    outsider = sign_in(local, "outsider")
    foreign, unknown = outsider.get("/clusters/playground"), outsider.get("/clusters/nowhere")
    assert foreign.status_code == unknown.status_code == 404
    ids = [one.headers["X-Request-ID"] for one in (foreign, unknown)]
    texts = [one.text.replace(id_, "") for one, id_ in zip((foreign, unknown), ids, strict=True)]
    assert texts[0].replace("playground", "nowhere") == texts[1]


def test_workloads_say_whether_they_are_encrypted_and_why_not(local: Browser, desk: Desk) -> None:
    set_on(desk, console=CONSOLE)
    ref = desk.active()["ref"]
    page = sign_in(local, "member").get("/clusters/practice").text
    assert "past the proxy: outbound 443" in page
    assert "pod has the annotation &#34;linkerd.io/inject:disabled&#34;" in page
    assert page.count(f'<a href="/tickets/{ref}">{ref}</a>') == 2
    assert "bookstore" not in page
    where = "cluster=practice&amp;namespace=emojivoto&amp;workload=deployment%2Femoji"
    assert f"/new/encryption-exception?{where}" in page
    assert f"/new/debug-sidecar?{where}" in page
    assert f"{CONSOLE}/d/linkerd-deployment?var-deployment=emoji&amp;var-namespace=emojivoto" in page
    assert "/new/job-completion?cluster=practice&amp;namespace=emojivoto&amp;workload=cronjob%2Freport" in page
    assert "workload=deployment%2Foutside" not in page


def test_who_may_not_ask_is_not_led_to_asking(local: Browser, desk: Desk) -> None:
    for who in ("operator", "auditor"):
        page = sign_in(local, who).get("/clusters/practice").text
        assert "/new/encryption-exception" not in page
        assert "bookstore" in page


def test_many_workloads_are_on_several_pages_and_by_namespace(
    local: Browser, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.web.clusters.PER_PAGE", 4)
    names = [f"service-{number:02}" for number in range(10)]
    add_namespace(desk.database, LONGEST, [world.Workload("deployment", name) for name in names])
    member, seen, path = sign_in(local, "member"), [], f"/clusters/practice?namespace={LONGEST}"
    while path:
        page = member.get(path).text
        seen.append(WORKLOAD.findall(page))
        onward = re.search(r'href="(/clusters/practice\?[^"#]+)#workloads" rel="next"', page)
        path = onward[1].replace("&amp;", "&") if onward else ""
    assert [len(one) for one in seen] == [4, 4, 2]
    assert [name for one in seen for name in one] == [f"deployment/<wbr>{name}" for name in names]


@pytest.mark.parametrize("query", ["nonsense=1", "after=x", "after=a/b/c/d/e"])
def test_filters_that_are_none_are_refused(local: Browser, query: str) -> None:
    assert sign_in(local, "member").get(f"/clusters/practice?{query}").status_code == 422


def test_nothing_seen_says_so(local: Browser, desk: Desk) -> None:
    take_away(desk.database)
    member = sign_in(local, "member")
    assert "No worker has seen a workload of yours on it yet." in member.get("/clusters/practice").text
    assert "no workload seen yet" in member.get("/clusters").text


def test_viz_says_who_holds_it_open(local: Browser, desk: Desk) -> None:
    member, outsider = sign_in(local, "member"), sign_in(local, "outsider")
    assert "The registry names no Viz bundle" in member.get("/clusters/practice").text
    with desk.database.unit_of_work() as session:
        row = VizBundle(cluster="practice", source={}, objects=[], open_dashboard=False)
        session.add(row)
    assert "No worker has read its bundle yet." in member.get("/clusters/practice").text
    ref = desk.active()["ref"]
    change(desk.database, ref, kind="viz-enablement", expires_at=timedelta(hours=2))
    for path in ("/clusters", "/clusters/practice"):
        assert f'held open by <a href="/tickets/{ref}">{ref}</a> of member (ends in <time' in member.get(path).text
        foreign = outsider.get(path).text
        assert "held open by other tenants" in foreign
        assert ref not in foreign


def test_an_operator_pauses_and_resumes_by_form(local: Browser, desk: Desk) -> None:
    operator, here = sign_in(local, "operator"), "/clusters/practice"
    answer = operator.send(f"{here}/pause", here, reason="the upgrade to 2.21")
    assert (answer.status_code, answer.headers["Location"]) == (303, here)
    page = sign_in(local, "member").get(here).text
    assert "Paused by operator</strong>" in page
    assert "the upgrade to 2.21" in page
    assert f"{here}/resume" not in page
    again = operator.send(f"{here}/pause", here, reason="twice & more")
    assert again.status_code == 409
    assert "is paused already, by operator" in again.text
    assert operator.send(f"{here}/resume", here).status_code == 303
    assert "Paused by" not in operator.get(here).text


def test_a_pause_without_a_reason_is_refused_with_the_page(local: Browser) -> None:
    operator, here = sign_in(local, "operator"), "/clusters/practice"
    answer = operator.send(f"{here}/pause", here, reason="  ")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert operator.send(f"{here}/nonsense", here).status_code == 404
    assert operator.send("/clusters/nowhere/pause", here, reason="why").status_code == 404


@pytest.mark.parametrize("who", ["member", "owner", "partner", "auditor"])
def test_only_operators_operate(local: Browser, desk: Desk, who: str) -> None:
    browser, here = sign_in(local, who), "/clusters/practice"
    assert "Operate" not in browser.get(here).text
    answer = browser.send(f"{here}/pause", here, reason="a reason of mine")
    assert answer.status_code == 403
    assert "Only a platform operator may pause" in answer.text
    with desk.database.reading() as session:
        assert session.get_one(Cluster, "practice").paused_at is None


def test_two_operators_give_a_cluster_up(local: Browser, desk: Desk) -> None:
    ref, here = desk.active()["ref"], "/clusters/practice"
    change(desk.database, ref, state=State.REVERTING, ended_at=timedelta(minutes=-9), outcome="expired")
    first, second = sign_in(local, "operator"), sign_in(local, "operator2")
    refused = first.send(f"{here}/gone", here, reason="it burnt down")
    assert refused.status_code == 409
    assert "is in the registry" in refused.text
    set_on(desk, active=False)
    page = first.get(here).text
    assert "It left the registry." in page
    assert "/clusters/practice/gone" in page
    assert first.send(f"{here}/gone", here, reason="it burnt down").headers["Location"] == here
    told = second.get(here).text
    assert "<strong>operator</strong> said so" in told
    assert "it burnt down" in told
    assert second.send(f"{here}/gone", here, reason="I saw it").headers["Location"] == "/clusters"
    with desk.database.reading() as session:
        assert session.get_one(Ticket, int(ref[3:])).outcome == "unproven"


def test_certificates_tell_their_ends_in_words_on_the_cluster_s_page(local: Browser, desk: Desk) -> None:
    member = sign_in(local, "member")
    assert "No worker has read them yet" in member.get("/clusters/practice").text
    write_down(desk.database, trust_anchor=timedelta(days=20, hours=1), issuer=None, sp_validator=timedelta(hours=-3))
    page = member.get("/clusters/practice").text
    for words in ("Ended 3 h ago", "Ends in 20 d", "CN=trust-anchor", "Not known: ask cert-manager.", "ConfigMap of"):
        assert words in page, words
    assert page.index("CN=sp-validator") < page.index("CN=trust-anchor")
    assert "Renew it by an upgrade of the chart" in page


def test_certificates_near_their_end_are_told_in_the_list_and_to_operators_at_home(local: Browser, desk: Desk) -> None:
    write_down(desk.database, trust_anchor=timedelta(days=20, hours=1), proxy_injector=timedelta(days=300))
    member = sign_in(local, "member")
    assert "trust anchor ends in 20 d" in member.get("/clusters").text
    assert "Open windows of yours" in member.get("/").text
    assert "ends in 20 d" not in member.get("/").text
    home = sign_in(local, "operator").get("/").text
    assert '<a href="/clusters/practice#certificates">practice</a>: trust anchor ends in 20 d' in home
    assert "Add a new trust anchor to the bundle" in home


def test_pods_that_trust_an_older_root_are_counted_for_those_who_see_them(local: Browser, desk: Desk) -> None:
    write_down(desk.database, trust_anchor=timedelta(days=3000))
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        session.add(PostureCluster(cluster="practice", tried_at=now, seen_at=now, facts={}))
        for namespace, name in (("emojivoto", "web"), ("bookstore", "books")):
            at = {"first_seen_at": now, "seen_at": now}
            what = {"namespace": namespace, "kind": "deployment", "name": name, "code": Code.STALE_ROOT}
            session.add(PostureHole(cluster="practice", **what, detail={}, tickets=[], **at))
    assert "1 workload has pods that trust an older root" in sign_in(local, "member").get("/clusters/practice").text
    assert "2 workloads have pods that trust an older root" in sign_in(local, "operator").get("/clusters/practice").text
