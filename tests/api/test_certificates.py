"""What the API tells of the certificates of a cluster's mesh, and to whom."""

from __future__ import annotations

from datetime import timedelta

from tests.api.desk import Desk
from tests.certificates import write_down

PATH = "clusters/practice/certificates"


def test_nothing_is_known_before_a_worker_has_read_them(desk: Desk) -> None:
    found = desk.get(PATH).get_json()
    assert (found["standing"], found["items"], found["seen_at"]) == ("not known", [], None)
    assert found["on_an_older_root"] is None


def test_those_that_need_somebody_come_first_with_what_to_do(desk: Desk) -> None:
    ends = {"proxy_injector": timedelta(days=300, hours=1), "trust_anchor": timedelta(days=20, hours=1), "issuer": None}
    write_down(desk.database, **ends)
    found = desk.get(PATH).get_json()
    shown = [(one["role"], one["standing"], one["days_left"]) for one in found["items"]]
    assert shown == [("trust-anchor", "ending", 20), ("issuer", "not known", None), ("proxy-injector", "good", 300)]
    assert found["standing"] == "ending"
    assert found["items"][0]["next"].startswith("Add a new trust anchor")
    assert found["items"][1]["problem"] == "Not known: ask cert-manager."
    assert found["items"][1]["fingerprint"] is None
    assert found["items"][2]["next"] is None
    assert found["root_sha256"] == "ab" * 32


def test_a_cluster_that_one_does_not_see_is_not_found(desk: Desk) -> None:
    assert desk.get("clusters/nowhere/certificates").status_code == 404
    assert desk.get("clusters/playground/certificates", "outsider").status_code == 404
