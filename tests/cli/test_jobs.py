"""`meshdesk jobs`, `manifests` and `request job-completion`: what people see and get of Jobs that do not end."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from portal.db import database_now
from portal.mesh.job_downloads import download
from portal.mesh.job_manifests import cleaned, manifest_for
from portal.mesh.job_ways import offers, way_named
from portal.models import InventoryWorkload
from portal.tickets import deciding
from portal.tickets.moving import number_of
from tests.api.desk import Desk
from tests.api.test_manifests import KEPT, ordinary_proxies
from tests.cli.conftest import Run
from tests.unit.mesh.job_objects import job
from tests.unit.mesh.test_job_downloads import EDGE, MESHED, secretive

__all__ = ["ordinary_proxies"]
AS = ("--as", "member")
WHERE = ("--cluster", "practice", "-n", "emojivoto")


@pytest.fixture
def ref(desk: Desk) -> str:
    """A ticket whose preflight made a manifest with a missing value."""
    fields = {"jobs": ["job/migrate"], "way": "native-sidecar"}
    found = str(desk.submitted(kind="job-completion", duration=None, fields=fields)["ref"])
    made = manifest_for(secretive(), way_named("native-sidecar", offers(secretive(), EDGE, MESHED)))
    targets = [{"workload": "job/migrate", "manifest": download(secretive(), made)}]
    with desk.database.unit_of_work() as session:
        looked = deciding.Preflight(clean=True, data={"findings": [], "targets": targets}, route=None)
        deciding.attach_preflight(session, number_of(found), looked, now=database_now(session))
    return found


@pytest.mark.usefixtures("desk")
def test_jobs_that_are_kept_are_listed_with_why_and_the_ways(run: Run) -> None:
    told = run("jobs", *WHERE, *AS).output.splitlines()
    assert told[:2] == ["job/migrate", f"  {KEPT[0]}"]
    assert [line.split(":")[0].strip() for line in told[2:]] == ["way native-sidecar", "way shutdown", "way no-proxy"]


def test_where_none_is_kept_it_says_so(run: Run, desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        for row in session.query(InventoryWorkload):
            row.kept_open = None
    said = run("jobs", *WHERE, *AS).output
    assert said == "No finished pod of a Job in emojivoto on practice is kept running by the mesh.\n"


@pytest.mark.usefixtures("desk")
def test_a_request_from_options(run: Run) -> None:
    words = ("--reason", "it hangs", "--job", "cronjob/report", "--way")
    asked = run("request", "job-completion", *WHERE, *words, "native-sidecar", *AS)
    assert asked.exit_code == 0, asked.output
    assert "rule: jobs-that-end" in asked.output
    calls = ("--calls", "service/db:5432", "--encrypted", "--how", "TLS")
    without = run("preview", "job-completion", *WHERE, *words, "no-proxy", *calls, "--for", "1d", *AS)
    assert "no-proxy-encrypted-production" in without.output
    missing = run("request", "job-completion", *WHERE, *words, "no-proxy", *AS)
    assert missing.exit_code != 0
    assert "Name what the Job calls" in missing.output


def test_manifests_are_printed_under_their_notes(run: Run, ref: str) -> None:
    said = run("manifests", ref, *AS).output
    assert said.startswith("# job/migrate\n# Delete job/report before you create this one")
    assert "s3cret" not in said
    assert yaml.safe_load(said)["metadata"]["name"] == "report"


def test_values_are_taken_from_the_job_itself(run: Run, ref: str, tmp_path: Path) -> None:
    shown = {"apiVersion": "v1", "kind": "List", "items": [secretive(), job("other")]}
    said = run("manifests", ref, "--from", "-", *AS, input=yaml.safe_dump(shown))
    assert said.exit_code == 0, said.output
    assert "s3cret" in said.output
    assert "withheld" not in said.output
    wrong = run("manifests", ref, "--from", "-", *AS, input="[no: yaml")
    assert wrong.exit_code != 0
    assert "does not show the Jobs as kubectl gives them" in wrong.output
    lost = run("manifests", ref, "--from", "-", *AS, input=yaml.safe_dump(cleaned(job())))
    assert "has no value of TOKEN" in lost.output


def test_files_are_written_for_their_owner_only_and_never_over_others(run: Run, ref: str, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    said = run("manifests", ref, "--output", str(folder), *AS)
    path = folder / "job-report.yaml"
    assert said.output == f"{path}\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert yaml.safe_load(path.read_text())["kind"] == "Job"
    again = run("manifests", ref, "--output", str(folder), *AS)
    assert again.exit_code != 0
    assert "is there already" in again.output


def test_other_kinds_have_no_manifests(run: Run, desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    assert run("manifests", ref, *AS).output == f"{ref} has no manifests.\n"


def test_what_the_way_does_not_need_is_not_shown(run: Run, ref: str) -> None:
    shown = run("show", ref, *AS).output
    assert "native-sidecar" in shown
    assert "None" not in shown
