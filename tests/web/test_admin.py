"""Admin: who may look, what is late and failing, deliveries, everybody's tokens, and people."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from portal.api.context import EXTENSION, Parts
from portal.db import database_now
from portal.models import Cluster, Delivery, InventoryCluster, Message, Person, Ticket
from portal.tickets.moving import number_of
from tests import world
from tests.api.desk import Desk
from tests.web.browser import Browser
from tests.web.settings_forms import actions, send
from tests.web.ticket_forms import act, sign_in

PAGES = ("", "/deliveries", "/people", "/people/member", "/tokens", "/registry", "/policy")
FILES = ("/registry/file", "/policy/file")
HOSTILE = "<script>alert(1)</script>"


def set_on(desk: Desk, ref: str, **values: Any) -> None:
    """Put values into a ticket's row; a span counts from now."""
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        spans = {name: now + one if isinstance(one, timedelta) else one for name, one in values.items()}
        session.execute(update(Ticket).where(Ticket.id == number_of(ref)).values(**spans))


@pytest.mark.parametrize("path", [*PAGES, *FILES])
def test_only_operators_and_auditors_look(local: Browser, desk: Desk, path: str) -> None:
    for who in ("member", "owner", "partner", "outsider_partner"):
        answer = sign_in(local, who).get(f"/admin{path}")
        assert (who, answer.status_code) == (who, 403)
        assert "Only a platform operator or an auditor may read the pages of Admin" in answer.text
    if path in PAGES:
        assert sign_in(local, "operator").get(f"/admin{path}").status_code == 200
        page = sign_in(local, "auditor").get(f"/admin{path}")
        assert page.status_code == 200
        assert actions(page.text, '/(?!theme|sign-out)([^"]*)') == []


def test_all_is_well_where_nothing_is_wrong(local: Browser, desk: Desk, valkey_url: str) -> None:
    found: Parts = local.app.extensions[EXTENSION]
    with Browser.at(replace(found.config, redis_url=valkey_url)) as browser:
        desk.active()
        page = sign_in(browser, "operator").get("/admin").text
    assert "All is well" in page
    assert "Nothing is past its end" in page
    assert "chip soon" not in page


def test_without_a_queue_something_needs_a_look(local: Browser, desk: Desk) -> None:
    page = sign_in(local, "operator").get("/admin").text
    assert "No queue is set" in page
    assert "Something needs a look" in page
    assert "chip late" not in page
    assert "No worker has been given anything to do" in page


def test_what_is_late_is_red_and_can_be_tried_again(local: Browser, desk: Desk) -> None:
    past = desk.active()["ref"]
    stuck = desk.active(fields=world.exception(inbound="7000"))["ref"]
    quiet = desk.active(fields=world.exception(inbound="7001"))["ref"]
    for ref in (stuck, quiet):
        desk.expire(ref)
    set_on(desk, past, expires_at=timedelta(minutes=-5))
    set_on(desk, stuck, ended_at=timedelta(hours=-1), problem=f"No route to the cluster. {HOSTILE}", attempts=3)
    set_on(desk, quiet, ended_at=timedelta(hours=-1))
    operator = sign_in(local, "operator")
    page = operator.get("/admin").text
    assert "Something is late" in page
    assert "2 tickets are open past the end, or could not be undone" in page
    assert page.count("chip late") == 2
    assert (past in page, quiet in page) == (True, False)
    assert "No route to the cluster." in page
    assert HOSTILE not in page
    assert actions(page, r"/tickets/(MD-\d+)/retry") == [stuck]
    assert act(operator, stuck, "retry").status_code == 303
    assert desk.events(stuck)[-1]["type"] == "work:retried"
    assert actions(sign_in(local, "auditor").get("/admin").text, r"/tickets/(MD-\d+)/retry") == []


def test_what_fails_is_told_and_is_not_red(local: Browser, desk: Desk) -> None:
    failed = desk.failed()["ref"]
    hindered = desk.approved(fields=world.exception(inbound="7000"))["ref"]
    set_on(desk, hindered, problem="The cluster is busy.", next_attempt_at=timedelta(minutes=2))
    page = sign_in(local, "operator").get("/admin").text
    assert "2 tickets are failing" in page
    assert "An admission policy refused the change." in page
    assert "The cluster is busy." in page
    assert "chip late" not in page
    assert actions(page, r"/tickets/(MD-\d+)/retry") == [failed]


def test_what_only_waits_for_its_end_is_neither(local: Browser, desk: Desk) -> None:
    ref = desk.active()["ref"]
    assert ref not in sign_in(local, "operator").get("/admin").text


def test_queues_and_clusters_tell_who_is_away(local: Browser, desk: Desk) -> None:
    desk.approved()
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        session.execute(update(Message).values(due_at=now - timedelta(minutes=10)))
        seen = update(InventoryCluster).where(InventoryCluster.cluster == "playground")
        session.execute(seen.values(problem="No route to host.", tried_at=now))
        paused = {"paused_at": now, "paused_by": "operator2", "pause_reason": "An upgrade."}
        session.execute(update(Cluster).where(Cluster.name == "practice").values(**paused))
    page = sign_in(local, "auditor").get("/admin").text
    assert "Nobody takes work from cluster.practice.apply" in page
    assert "Not reached: playground" in page
    assert "No route to host." in page
    assert "Paused by operator2" in page
    with desk.database.unit_of_work() as session:
        session.execute(update(Message).values(taken_at=database_now(session)))
    page = sign_in(local, "auditor").get("/admin").text
    assert "Nobody takes work" not in page
    assert "cluster.practice.apply" in page
    assert "Empty" in page


def test_a_cluster_drains_and_is_gone_for_good(local: Browser, desk: Desk) -> None:
    ref = desk.active()["ref"]
    desk.expire(ref)
    with desk.database.unit_of_work() as session:
        session.execute(update(Cluster).where(Cluster.name == "practice").values(active=False))
    auditor = sign_in(local, "auditor")
    assert "what is open on it is being undone" in auditor.get("/admin").text
    for who in ("operator", "operator2"):
        said = desk.post("clusters/practice/gone", {"reason": "The site burned down."}, who)
        assert said.status_code == 200, said.text
    page = auditor.get("/admin").text
    assert "Gone for good" in page
    assert "1 ticket closed unproven" in page
    assert "chip late" not in page


def test_deliveries_are_listed_and_tried_again(local: Browser, desk: Desk) -> None:
    operator = sign_in(local, "operator")
    assert "Nobody was told anything yet" in operator.get("/admin/deliveries").text
    ref = desk.checked()["ref"]
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        lost, arrived, *_ = session.scalars(select(Delivery).order_by(Delivery.id)).all()
        lost.no_channel_at = arrived.no_channel_at = None
        lost.given_up_at, lost.problem, arrived.delivered_at = now, f"550 {HOSTILE}", now
        numbers = lost.id, arrived.id
    page = operator.get("/admin/deliveries?state=given-up").text
    assert "550 &lt;script&gt;" in page
    assert actions(page, r"/admin/deliveries/(\d+)/retry") == [str(numbers[0])]
    assert "1 notice did not arrive" in operator.get("/admin").text
    assert ref in operator.get(f"/admin/deliveries?ticket={ref}").text
    assert "No delivery is like that" in operator.get("/admin/deliveries?channel=nothing").text
    assert operator.get("/admin/deliveries?state=nonsense").status_code == 422
    back = "/admin/deliveries?state=given-up"
    path = f"/admin/deliveries/{numbers[0]}/retry"
    denied = send(sign_in(local, "auditor"), path, "/admin/deliveries", back=back)
    assert (denied.status_code, "Only a platform operator may have" in denied.text) == (403, True)
    assert send(operator, path, "/admin", back=back).headers["Location"] == f"{back}&done=retried"
    assert "No delivery is like that" in operator.get(back).text
    for number, status in ((numbers[1], 409), (10**20, 404), ("x", 404)):
        assert send(operator, f"/admin/deliveries/{number}/retry", "/admin").status_code == status


def test_everybodys_tokens_are_found_and_revoked(local: Browser, desk: Desk) -> None:
    made = desk.post("tokens", {"name": "a lost laptop", "scopes": ["read"], "lifetime": "P1D"}, "partner").get_json()
    operator, path = sign_in(local, "operator"), f"/admin/tokens/{made['id']}/revoke"
    page = operator.get("/admin/tokens?person=partner&state=working").text
    assert "a lost laptop" in page
    assert "<code>member</code>" not in page
    assert send(sign_in(local, "auditor"), path, "/admin/tokens").status_code == 403
    assert send(sign_in(local, "member"), path, "/settings").status_code == 403
    done = send(operator, path, "/admin/tokens", back="/admin/tokens?person=partner&state=working")
    assert done.headers["Location"] == "/admin/tokens?person=partner&state=working&done=revoked"
    assert "a lost laptop" not in operator.get("/admin/tokens?person=partner&state=working").text
    assert send(operator, path, "/admin/tokens").status_code == 409
    assert "No token is like that" in operator.get("/admin/tokens?person=nobody").text


def test_people_are_found_by_name_and_state(local: Browser, desk: Desk) -> None:
    operator = sign_in(local, "operator")
    page = operator.get("/admin/people?search=OUTSIDER").text
    assert "outsider_partner" in page
    assert 'href="/admin/people/member"' not in page
    assert "Nobody is like that" in operator.get("/admin/people?search=100%25").text
    assert "Nobody is like that" in operator.get("/admin/people?state=deactivated").text
    assert operator.get("/admin/people?state=nonsense").status_code == 422
    first = operator.get("/admin/people?limit=4&source=registry").text
    following = first.split('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "source=registry" in following
    seen = set(first.split()) & set(operator.get(following).text.split())
    assert not any("/admin/people/" in one for one in seen if "href" in one and "cursor" not in one)


def test_an_operator_deactivates_and_brings_back(local: Browser, desk: Desk) -> None:
    member, operator, path = sign_in(local, "member"), sign_in(local, "operator"), "/admin/people/member"
    refused = send(operator, f"{path}/deactivate", path, reason=" ")
    assert (refused.status_code, "Give 1 to 4000 characters" in refused.text) == (422, True)
    assert send(operator, f"{path}/deactivate", path, reason="left the company").status_code == 303
    assert member.get("/settings").status_code == 303
    page = operator.get(f"{path}?done=deactivate").text
    assert "left the company" in page
    assert "They can do nothing more" in page
    assert actions(page, f'{path}/([^"]*)') == ["activate"]
    again = send(operator, f"{path}/deactivate", path, reason="once more")
    assert again.status_code == 409
    assert "deactivated already" in again.text
    assert "once more</textarea>" in again.text
    assert send(operator, f"{path}/activate", path, reason="came back").status_code == 303
    with desk.database.reading() as session:
        assert session.scalars(select(Person).where(Person.name == "member")).one().may_act


def test_nobody_deactivates_themselves_and_auditors_nobody(local: Browser, desk: Desk) -> None:
    operator = sign_in(local, "operator")
    own = "/admin/people/operator"
    assert "deactivate" not in actions(operator.get(own).text, f'{own}/([^"]*)')
    answer = send(operator, f"{own}/deactivate", own, reason="enough")
    assert (answer.status_code, "Nobody deactivates themselves" in answer.text) == (403, True)
    auditor = send(sign_in(local, "auditor"), "/admin/people/member/deactivate", own, reason="enough")
    assert (auditor.status_code, "Only a platform operator may" in auditor.text) == (403, True)
    assert send(operator, f"{own}/nonsense", own, reason="x").status_code == 404
    assert send(operator, "/admin/people/nobody/deactivate", own, reason="x").status_code == 404


def test_an_identity_is_let_go_of(local: Browser, desk: Desk) -> None:
    operator, path = sign_in(local, "operator"), "/admin/people/member"
    unbound = send(operator, f"{path}/unbind", path, reason="a new account")
    assert (unbound.status_code, "bound to no identity" in unbound.text) == (409, True)
    with desk.database.unit_of_work() as session:
        bound = {"issuer": "https://id.example.com", "subject": "1234"}
        session.execute(update(Person).where(Person.name == "member").values(**bound))
    assert "https://id.example.com" in operator.get(path).text
    assert send(operator, f"{path}/unbind", path, reason="a new account").status_code == 303
    assert "bound to none" in operator.get(path).text


def test_services_are_people_too(local: Browser, desk: Desk) -> None:
    desk.post("tenants/emojis/services", {"name": "deployer", "title": "Deploys", "roles": ["tenant-owner"]}, "owner")
    operator, path = sign_in(local, "operator"), "/admin/people/emojis/deployer"
    assert f'href="{path}"' in operator.get("/admin/people?source=service").text
    assert 'href="/admin/people/owner"' in operator.get(path).text
    assert send(operator, f"{path}/deactivate", path, reason="it runs wild").status_code == 303
    assert "it runs wild" in operator.get(path).text
    assert operator.get("/admin/people/nobody").status_code == 404
