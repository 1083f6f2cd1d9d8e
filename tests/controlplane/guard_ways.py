"""Each way in which somebody may write a weakened workload: what the guard's tests try one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.controlplane.guarding import Weak, in_template, made, template_of, weakened
from tests.controlplane.rest import JSON_PATCH, STRATEGIC, Answer, Rest

Object = dict[str, Any]
TRY = {"dryRun": "All"}


def ways(rest: Rest, obj: Object, weak: Weak) -> dict[str, Callable[[], Answer]]:
    """Each way in which somebody may come to a weakened object; those that a kind's own rules forbid are left out."""
    name = f"new-{obj['metadata']['name']}"
    fresh = made(obj["kind"], name, weak=weak)
    found: dict[str, Callable[[], Answer]] = {
        "create": lambda: rest.create(fresh, **TRY),
        "create by apply": lambda: rest.apply(fresh, **TRY),
    }
    if weak.spec and obj["kind"] in ("Pod", "Job"):
        return found
    changed = weakened(obj, weak)
    mine = template_of(made(obj["kind"], obj["metadata"]["name"], weak=weak))
    part = in_template(obj, {"metadata": {"annotations": dict(weak.annotations), "labels": mine["metadata"]["labels"]}})
    shape = in_template(obj, {"spec": {key: mine["spec"][key] for key in weak.spec}}) if weak.spec else {}
    operations = [
        {"op": "add", "path": f"{_path(obj)}/metadata/{section}", "value": template_of(changed)["metadata"][section]}
        for section in ("annotations", "labels")
    ] + [{"op": "add", "path": f"{_path(obj)}/spec/{key}", "value": mine["spec"][key]} for key in weak.spec]
    return {
        **found,
        "update": lambda: rest.replace(changed, **TRY),
        "merge patch": lambda: rest.patch(obj, _merged(part, shape), **TRY),
        "strategic patch": lambda: rest.patch(obj, _merged(part, shape), STRATEGIC, **TRY),
        "JSON patch": lambda: rest.patch(obj, operations, JSON_PATCH, **TRY),
        "apply": lambda: rest.apply(_slim(changed), **TRY),
    }


def _path(obj: Object) -> str:
    return {"Pod": "", "CronJob": "/spec/jobTemplate/spec/template"}.get(obj["kind"], "/spec/template")


def _merged(one: Object, other: Object) -> Object:
    both = {**one}
    for key, value in other.items():
        both[key] = _merged(both[key], value) if isinstance(both.get(key), dict) else value
    return both


def _slim(obj: Object) -> Object:
    """As a person would apply it."""
    metadata = {
        key: obj["metadata"][key] for key in ("name", "namespace", "labels", "annotations") if key in obj["metadata"]
    }
    return {
        "apiVersion": made(obj["kind"], "x")["apiVersion"],
        "kind": obj["kind"],
        "metadata": metadata,
        "spec": obj["spec"],
    }
