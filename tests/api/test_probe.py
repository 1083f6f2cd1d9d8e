"""The probe in a ticket's picture: that it runs, what it came to, and that its words are safe wherever they go."""

from __future__ import annotations

from tests import world
from tests.api.desk import Desk
from tests.web import scenes

PLAIN = {"encrypted": False, "how": "It does not; we accept it."}


def test_a_probe_runs_from_the_preflight_on_and_then_says_what_it_came_to(desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    assert desk.ticket(ref)["probe"] is None
    ticket = scenes.looked(desk, ref)
    assert ticket["probe"] == {"state": "running", "at": None, "result": None, "why": None, "ports": []}
    assert ticket["next"].endswith(
        "A worker still tries whether the application encrypts: it can be decided before that ends."
    )
    ticket = scenes.probed(desk, ref, scenes.ENCRYPTS, scenes.CLEAR)
    probe = ticket["probe"]
    assert (probe["state"], probe["result"]) == ("ended", "contradicted")
    assert probe["why"] == "deployment/voting, inbound 8080: It answers in clear text: HTTP."
    assert [one["result"] for one in probe["ports"]] == ["verified", "contradicted"]
    assert probe["ports"][0]["tls"]["certificate"]["names"] == ["emoji.svc"]
    assert "still tries" not in ticket["next"]
    kept = desk.get(f"tickets/{ref}/evidence").get_json()["items"]
    assert [one["kind"] for one in kept] == ["preflight", "probe"]


def test_whatever_is_looked_at_again_is_probed_again(desk: Desk) -> None:
    ref = scenes.checked(desk)["ref"]
    scenes.probed(desk, ref, scenes.ENCRYPTS)
    assert scenes.looked(desk, ref)["probe"]["state"] == "running"


def test_it_can_be_approved_while_the_probe_runs_and_what_that_finds_is_kept(desk: Desk) -> None:
    ticket = scenes.checked(desk)
    assert ticket["probe"]["state"] == "running"
    assert desk.decide(ticket["ref"], ticket["version"]).status_code == 200
    assert desk.ticket(ticket["ref"])["probe"] is None
    found = scenes.probed(desk, ticket["ref"], scenes.ENCRYPTS)
    assert (found["state"], found["probe"]["result"]) == ("approved", "verified")


def test_a_probe_of_more_than_was_granted_is_not_shown_for_what_is_left(desk: Desk) -> None:
    ticket = scenes.checked(desk)
    scenes.probed(desk, ticket["ref"], scenes.CLEAR)
    version = desk.ticket(ticket["ref"])["version"]
    grant = {"fields": {"inbound": "8080"}}
    assert desk.decide(ticket["ref"], version, grant=grant).status_code == 200
    assert desk.ticket(ticket["ref"])["probe"] is None


def test_nothing_is_probed_where_nobody_says_that_the_application_encrypts(desk: Desk) -> None:
    ticket = scenes.checked(desk, fields=world.exception(application_encryption=PLAIN))
    assert ticket["probe"] is None
    assert desk.generic()["probe"] is None
