"""Manifests of tickets and what the inventory tells of Jobs, as the API gives them."""

from __future__ import annotations

from typing import Any

import pytest

from portal.db import database_now
from portal.mesh.annotations import NATIVE_SIDECAR
from portal.models import InventoryCluster, InventoryWorkload
from portal.tickets import deciding
from portal.tickets.moving import number_of
from tests.api.desk import Desk, said

KEPT = ["Pod migrate-abc of job/migrate finished at 2026-03-01T10:00:05Z and is kept running by linkerd-proxy."]
MANIFEST = {"name": "job-migrate.yaml", "text": "kind: Job\n", "notes": ["Delete it."], "withheld": [], "unified": ""}


def asked(desk: Desk, **changes: Any) -> str:
    fields = {"jobs": ["job/migrate"], "way": "native-sidecar"}
    return str(desk.submitted(kind="job-completion", duration=None, fields=fields, **changes)["ref"])


@pytest.fixture(autouse=True)
def ordinary_proxies(desk: Desk) -> None:
    """A cluster whose proxies are ordinary containers, and a Job that one keeps running."""
    with desk.database.unit_of_work() as session:
        seen = session.get_one(InventoryCluster, "practice")
        seen.defaults = {**seen.defaults, "native_sidecar": False, "kubernetes": "1.31.2"}
        row = (
            session.query(InventoryWorkload).filter_by(cluster="practice", namespace="emojivoto", name="migrate").one()
        )
        row.kept_open = KEPT


def looked_at(desk: Desk, ref: str) -> None:
    """What the preflight of a worker leaves."""
    data = {"findings": [], "targets": [{"workload": "job/migrate", "manifest": MANIFEST}, {"workload": "job/other"}]}
    with desk.database.unit_of_work() as session:
        found = deciding.Preflight(clean=True, data=data, route=None)
        deciding.attach_preflight(session, number_of(ref), found, now=database_now(session))


def test_a_ticket_gives_the_manifests_that_its_preflight_made(desk: Desk) -> None:
    ref = asked(desk)
    assert desk.get(f"tickets/{ref}/manifests").status_code == 409
    looked_at(desk, ref)
    [item] = said(desk.get(f"tickets/{ref}/manifests"))["items"]
    assert item == {"workload": "job/migrate", **{k: v for k, v in MANIFEST.items() if k != "unified"}}
    ticket = desk.ticket(ref)
    assert (ticket["state"], ticket["outcome"]) == ("closed", "fulfilled")
    assert ticket["next"] == f"Nothing was written: apply its manifests yourself (`meshdesk manifests {ref}`)."
    assert ticket["usage"][0]["text"] == f"meshdesk manifests {ref}"


def test_one_is_downloaded_as_a_file_under_its_notes(desk: Desk) -> None:
    ref = asked(desk)
    assert desk.get(f"tickets/{ref}/manifests/job-migrate.yaml").status_code == 409
    looked_at(desk, ref)
    file = desk.get(f"tickets/{ref}/manifests/job-migrate.yaml")
    assert (file.status_code, file.content_type) == (200, "application/yaml")
    assert file.headers["Content-Disposition"] == "attachment; filename=job-migrate.yaml"
    assert file.text == "# job/migrate\n# Delete it.\nkind: Job\n"
    other = desk.get(f"tickets/{ref}/manifests/job-other.yaml")
    assert other.status_code == 404
    assert said(other)["detail"] == f"{ref} has no manifest job-other.yaml; it has job-migrate.yaml."
    assert desk.get(f"tickets/{ref}/manifests/job-migrate.yaml", "outsider").status_code == 404


def test_they_are_the_tenants_and_of_those_who_see_everything(desk: Desk) -> None:
    ref = asked(desk)
    looked_at(desk, ref)
    statuses = {
        who: desk.get(f"tickets/{ref}/manifests", who).status_code for who in ("partner", "auditor", "operator")
    }
    assert statuses == dict.fromkeys(statuses, 200)
    assert desk.get(f"tickets/{ref}/manifests", "outsider").status_code == 404
    assert desk.get(f"tickets/{ref}/manifests", None).status_code == 401


def test_other_kinds_have_none(desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    assert said(desk.get(f"tickets/{ref}/manifests")) == {"items": []}


def test_the_inventory_tells_what_is_kept_open_and_which_ways_fit(desk: Desk) -> None:
    workloads = said(desk.get("clusters/practice/inventory?namespace=emojivoto"))["workloads"]
    found = {one["workload"]: one for one in workloads}
    assert found["job/migrate"]["kept_open"] == KEPT
    ways = {way["name"]: way for way in found["job/migrate"]["ways"]}
    assert (ways["native-sidecar"]["fits"], ways["native-sidecar"]["settings"]) == (True, [NATIVE_SIDECAR])
    assert found["deployment/emoji"]["ways"] == found["deployment/emoji"]["kept_open"] == []


def test_a_preview_says_what_is_kept_and_that_a_manifest_is_given(desk: Desk) -> None:
    body = {"kind": "job-completion", "cluster": "practice", "namespace": "emojivoto", "reason": "it hangs"}
    fields = {"jobs": ["cronjob/report", "job/migrate"], "way": "native-sidecar"}
    found = said(desk.post("tickets/preview", {**body, "fields": fields}))
    assert (found["rule"], found["automatic"]) == ("jobs-that-end", True)
    codes = {one["workload"]: [finding["code"] for finding in one["findings"]] for one in found["targets"]}
    assert codes["job/migrate"] == ["way-fits", "manifest-only", "kept-open"]
    changes = [one["change"]["unified"] for one in found["targets"]]
    assert NATIVE_SIDECAR in changes[0]
    assert changes[1] == ""


def test_a_job_that_is_not_there_is_refused_at_its_field(desk: Desk) -> None:
    body = {"kind": "job-completion", "cluster": "practice", "namespace": "emojivoto", "reason": "it hangs"}
    fields = {"jobs": ["cronjob/report", "job/lost"], "way": "native-sidecar"}
    answer = desk.post("tickets/preview", {**body, "fields": fields})
    assert answer.status_code == 422
    assert "fields.jobs.1" in said(answer)["errors"]
