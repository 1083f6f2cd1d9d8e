"""Bundles for tests: our own of the practice clusters, real renderings where they are at hand, and parts changed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any

import pytest
import yaml

from portal.mesh.objects import ObjectRef
from portal.mesh.viz.bundle import Bundle, BundleError, read_bundle
from tests.renderings import FIXTURES
from tests.unit.registry_text import GOOD

PRACTICE = (resources.files("portal.practice") / "viz.yaml").read_text("utf-8")
Objects = list[dict[str, Any]]
# For tests of whole bundles: the product's own, and public renderings where they are at hand.
BUNDLES = [
    "practice",
    *(pytest.param(name, marks=pytest.mark.rendering) for name in ("viz.yaml", "viz-restricted.yaml")),
]


@cache
def _objects() -> Objects:
    return list(yaml.safe_load_all(PRACTICE))


def objects() -> Objects:
    """The practice bundle as raw objects, to be changed."""
    return copy.deepcopy(_objects())


def practice(reader: str | None = None) -> Bundle:
    """The practice bundle."""
    return read_bundle({"viz.yaml": PRACTICE}, reader=reader)


def fixture(name: str) -> str:
    """The text of a public rendering, for tests with the mark `rendering`: they are left out where there is none."""
    return (FIXTURES / name).read_text("utf-8")


def bundle_named(name: str) -> Bundle:
    """One of BUNDLES."""
    return practice() if name == "practice" else read_bundle({name: fixture(name)})


def with_open_dashboard() -> str:
    """The practice bundle with a dashboard that may tap everything, as the chart renders it by default."""
    binding = copy.deepcopy(named(objects(), "ClusterRoleBinding", "linkerd-linkerd-viz-tap"))
    binding["metadata"]["name"] = "linkerd-linkerd-viz-web-admin"
    binding["roleRef"]["name"] = "linkerd-linkerd-viz-tap-admin"
    binding["subjects"] = [{"kind": "ServiceAccount", "name": "web", "namespace": "linkerd-viz"}]
    return text([*objects(), binding])


def named(found: Objects, kind: str, name: str) -> dict[str, Any]:
    """The object of this kind and name."""
    return next(obj for obj in found if (obj["kind"], obj["metadata"]["name"]) == (kind, name))


def text(found: Objects) -> str:
    """Objects as one YAML text."""
    return yaml.safe_dump_all(found)


def problems(change: Callable[[Objects], object] | None = None, **more: Any) -> list[str]:
    """What is refused of the practice bundle after a change of its objects; [] where nothing is."""
    found = objects()
    if change is not None:
        change(found)
    try:
        read_bundle({"viz.yaml": text(found)}, **more)
    except BundleError as error:
        return error.problems
    return []


def seen(bundle: Bundle, **status: dict[str, Any]) -> dict[ObjectRef, dict[str, Any]]:
    """The bundle as a cluster shows it, with a status by kind."""
    return {ObjectRef.of(obj): {**obj, "status": status.get(obj["kind"], {})} for obj in bundle.objects}


def with_viz(viz: str) -> str:
    """The good registry, whose cluster `lab` has this `viz`."""
    return GOOD.replace("{name: lab, environment: sandbox}", f"{{name: lab, environment: sandbox, viz: {viz}}}")
