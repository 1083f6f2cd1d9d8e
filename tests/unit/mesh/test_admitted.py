"""What the API server answered to a rehearsal: what was asked, and what somebody else added."""

from __future__ import annotations

import copy
from typing import Any

from portal.mesh.admitted import admitted
from portal.mesh.annotations import MARK, SKIP_INBOUND
from tests.unit.mesh.objects import cron_job, deployment

ASKED = {SKIP_INBOUND: "8080"}


def answered(obj: dict[str, Any]) -> dict[str, Any]:
    """The object as an API server gives it back for the change that was asked."""
    answer = copy.deepcopy(obj)
    answer["metadata"] |= {"generation": 2, "managedFields": [{}], "annotations": {MARK: "MD-1;0"}}
    spec = answer["spec"].get("jobTemplate", {}).get("spec") or answer["spec"]
    spec["template"]["metadata"]["annotations"] = dict(ASKED)
    return {**answer, "status": {"replicas": 3}}


def test_what_was_asked_is_the_difference_and_bookkeeping_is_none() -> None:
    for obj in (deployment(), cron_job()):
        found = admitted(obj, answered(obj), ASKED)
        assert found["also"] == []
        added = [line[1:].strip() for line in found["diff"].splitlines() if line.startswith("+ ")]
        assert f"{SKIP_INBOUND}: '8080'" in added
        assert not any("generation" in line or "status" in line for line in added)


def test_what_a_webhook_adds_is_named_by_its_path() -> None:
    answer = answered(deployment())
    answer["spec"]["template"]["spec"]["containers"][0]["image"] = "mirror/app:1"
    answer["spec"]["template"]["metadata"]["annotations"]["example.com/added"] = "1"
    answer["metadata"]["labels"] = {"seen": "yes"}
    assert admitted(deployment(), answer, ASKED)["also"] == [
        "metadata.labels.seen",
        "spec.template.metadata.annotations.example.com/added",
        "spec.template.spec.containers",
    ]


def test_a_very_long_answer_is_cut() -> None:
    answer = answered(deployment())
    answer["metadata"]["labels"] = {f"label-{number}": "x" for number in range(500)}
    assert len(admitted(deployment(), answer, ASKED)["diff"].splitlines()) == 200
