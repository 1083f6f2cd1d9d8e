"""Corrected manifests as downloads: exact but for values that may be secret, which are put back from the Job itself."""

from __future__ import annotations

import json

import pytest
import yaml

from portal.mesh.annotations import NATIVE_SIDECAR, MeshDefaults
from portal.mesh.job_downloads import MISSING, as_yaml, completed, download, withheld
from portal.mesh.job_manifests import Corrected, cleaned, manifest_for
from portal.mesh.job_ways import NATIVE, SHUTDOWN, offers, way_named
from portal.mesh.workloads import template_of
from tests.unit.mesh.job_objects import Object, cron, job, program

EDGE = MeshDefaults(version="edge-26.6.3", native_sidecar=False, kubernetes="1.31.2")
MESHED = {"linkerd.io/inject": "enabled"}
FROM_SECRET = {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "a"}}}
ENV = [{"name": "TOKEN", "value": "s3cret"}, {"name": "EMPTY", "value": ""}, FROM_SECRET]


def secretive() -> Object:
    init = program("prepare", env=[{"name": "TOKEN", "value": "other"}])
    return job(pods={"containers": [program(env=ENV)], "initContainers": [init]})


def corrected(obj: Object, way: str = NATIVE, variant: str | None = None) -> Corrected:
    return manifest_for(obj, way_named(way, offers(obj, EDGE, MESHED)), variant=variant)


def test_no_literal_value_of_a_variable_is_in_it() -> None:
    found = download(secretive(), corrected(secretive()))
    assert json.loads(json.dumps(found)) == found
    assert "s3cret" not in str(found)
    assert "other" not in str(found)
    assert found["withheld"] == ["prepare: TOKEN", "app: TOKEN"] or found["withheld"] == [
        "app: TOKEN",
        "prepare: TOKEN",
    ]
    assert "app: TOKEN" in found["notes"][-1]
    made = yaml.safe_load(found["text"])
    assert template_of(made)["spec"]["containers"][0]["env"] == [
        {"name": "TOKEN", "valueFrom": MISSING},
        {"name": "EMPTY", "value": ""},
        FROM_SECRET,
    ]


def test_a_missing_value_is_one_that_no_secret_can_have() -> None:
    # Kubernetes takes letters, digits, "-", "_" and "." as keys of a Secret, and refuses the pod template otherwise.
    assert " " in MISSING["secretKeyRef"]["key"]


def test_without_variables_it_is_exact() -> None:
    found = download(cron(), corrected(cron()))
    assert yaml.safe_load(found["text"]) == corrected(cron()).manifest
    assert (found["withheld"], found["name"]) == ([], "cronjob-report.yaml")
    assert [line for line in found["unified"].splitlines()[2:] if line[0] in "+-"][-1].strip("+ ") == (
        f"{NATIVE_SIDECAR}: 'true'"
    )


def test_scripts_are_written_as_lines() -> None:
    text = download(cron(), corrected(cron(), SHUTDOWN, "sidecar"))["text"]
    assert "  - |\n" in text
    assert yaml.safe_load(text) == corrected(cron(), SHUTDOWN, "sidecar").manifest


def test_the_values_are_put_back_from_the_job_itself() -> None:
    made = corrected(secretive()).manifest
    missing, _ = withheld(made)
    assert completed(yaml.safe_load(as_yaml(missing)), secretive()) == made
    assert missing != made


def test_values_of_another_job_or_none_are_refused() -> None:
    missing, _ = withheld(cleaned(secretive()))
    with pytest.raises(ValueError, match="is not job/report"):
        completed(missing, job("else"))
    with pytest.raises(ValueError, match="has no value of TOKEN"):
        completed(missing, job())
