"""Jobs, their pods and what they call, as an API server gives them, for the tests of jobs."""

from __future__ import annotations

from typing import Any

from tests.unit.mesh.objects import container

Object = dict[str, Any]
ENDED = "2026-03-01T10:00:05Z"


def job(
    name: str = "report", *, annotations: dict[str, str] | None = None, status: Object | None = None, **spec: Any
) -> Object:
    """A Job as it is read back: with the API server's own labels and selector."""
    own = {"controller-uid": "u9", "batch.kubernetes.io/controller-uid": "u9", "job-name": name}
    labels = {**own, "batch.kubernetes.io/job-name": name}
    pods = {"restartPolicy": "Never", "containers": [program()], **spec.pop("pods", {})}
    metadata: Object = {"creationTimestamp": None, "labels": {"app": "report", **labels}}
    if annotations is not None:
        metadata["annotations"] = annotations
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": "emojivoto",
            "uid": "u9",
            "resourceVersion": "41",
            "generation": 1,
            "creationTimestamp": "2026-03-01T10:00:00Z",
            "labels": {"team": "emoji", **labels},
            "annotations": {"note": "kept", "meshdesk.io/tickets": "MD-1;1", "batch.kubernetes.io/job-tracking": ""},
            "managedFields": [{"manager": "kubectl"}],
        },
        "spec": {
            "backoffLimit": 2,
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u9"}},
            "template": {"metadata": metadata, "spec": pods},
            **spec,
        },
        "status": {"active": 1, "startTime": "2026-03-01T10:00:00Z"} if status is None else status,
    }


def cron(annotations: dict[str, str] | None = None, **pods: Any) -> Object:
    spec = {"restartPolicy": "OnFailure", "containers": [program()], **pods}
    template = {"metadata": {"creationTimestamp": None, "annotations": annotations or {}}, "spec": spec}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "report", "namespace": "emojivoto", "uid": "u8", "resourceVersion": "7"},
        "spec": {
            "schedule": "0 * * * *",
            "jobTemplate": {"metadata": {"creationTimestamp": None}, "spec": {"template": template}},
        },
        "status": {"lastScheduleTime": "2026-03-01T10:00:00Z"},
    }


def program(name: str = "app", **more: Any) -> Object:
    return {"name": name, "image": f"{name}:1", "command": ["report", "--all"], **more}


def pod(*states: tuple[str, Object], init: tuple[Object, ...] = (), phase: str = "Running", **spec: Any) -> Object:
    """A pod of job/report with these containers and their states."""
    statuses = [{"name": name, "state": state} for name, state in states]
    owner = {"kind": "Job", "name": "report", "uid": "u9", "controller": True}
    return {
        "kind": "Pod",
        "metadata": {"name": "report-abc", "namespace": "emojivoto", "ownerReferences": [owner]},
        "spec": {"containers": [container(name) for name, _ in states], "initContainers": list(init), **spec},
        "status": {"phase": phase, "containerStatuses": statuses},
    }


def ended(code: int = 0, at: str = ENDED) -> Object:
    return {"terminated": {"exitCode": code, "finishedAt": at}}


RUNNING: Object = {"running": {"startedAt": "2026-03-01T10:00:00Z"}}
