"""What a request for Viz must be, what it acts on, and what it shows before anything is created."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import ValidationError

from portal.kinds.base import Asked
from portal.kinds.registry import kind_named
from portal.mesh.viz.findings import NamespaceScene, VizScene
from portal.mesh.viz.views import TapView, VizView
from tests.unit.viz.bundles import practice

KIND = kind_named("viz-enablement")
ADA = {"kind": "User", "name": "ada@example.com"}


def load(**changes: Any) -> dict[str, Any]:
    return dict(KIND.schema.load({"namespaces": ["emojivoto"], "subjects": [ADA], **changes}))


def view(*, installed: bool = False) -> VizView:
    inside = NamespaceScene({"metadata": {"name": "emojivoto"}})
    return VizView(VizScene("practice", (inside,), bundle=practice()), installed=installed)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"namespaces": []}, "Name 1 to 50 namespaces."),
        ({"namespaces": ["Not-One"]}, "is not the name of a namespace"),
        ({"subjects": []}, "Name 1 to 50 users or groups."),
        ({"subjects": [{"kind": "ServiceAccount", "name": "x"}]}, "Choose User or Group."),
        ({"subjects": [{"kind": "Group", "name": "system:authenticated"}]}, "is no user or group of yours"),
        ({"subjects": [{"kind": "Group", "name": "system:masters"}]}, "is no user or group of yours"),
        ({"subjects": [{"kind": "User", "name": "  "}]}, "is no user or group of yours"),
        ({"duration": "PT1H"}, "Unknown field."),
    ],
)
def test_what_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        load(**changes)
    assert sentence in str(refused.value.messages)


def test_fields_are_canonical() -> None:
    grace = {"kind": "Group", "name": "grace"}
    loaded = load(namespaces=["b", "a", "b"], subjects=[ADA, grace, ADA])
    assert loaded == {"namespaces": ["b", "a"], "subjects": [grace, ADA], "restart": False}
    assert KIND.identity(loaded) == KIND.identity(load(namespaces=["a", "b"], subjects=[grace, ADA], restart=True))
    assert KIND.notes({"namespaces": ["b", "a", "b"]}) == ["b was named more than once and counts once."]


def test_the_targets_are_viz_and_then_each_namespace() -> None:
    found = KIND.targets(load(namespaces=["a", "b"]), None)
    assert [str(ref) for ref in found] == ["viz/linkerd-viz", "tap/a", "tap/b"]


def test_viz_is_shown_by_name_and_only_where_it_is_not_there() -> None:
    fields = load()
    shown = KIND.manifests(fields, view(), "MD-1")  # type: ignore[attr-defined]
    assert len(shown) == len(practice().objects)
    assert all(set(one) == {"apiVersion", "kind", "metadata"} for one in shown)
    assert shown[0]["kind"] == "Namespace"
    assert shown[-1]["kind"] == "MutatingWebhookConfiguration"
    assert KIND.manifests(fields, view(installed=True), "MD-1") == []  # type: ignore[attr-defined]


def test_the_right_to_tap_is_the_tickets_own() -> None:
    made = KIND.manifests(load(), TapView("emojivoto", "observe"), "MD-7")  # type: ignore[attr-defined]
    assert {one["metadata"]["namespace"] for one in made} == {"emojivoto", "observe"}
    assert made[0]["roleRef"]["name"] == "linkerd-observe-tap-admin"


def test_findings_are_about_the_target() -> None:
    assert {one.target for one in KIND.checks(load(), [view(), TapView("emojivoto")])} == {"viz/linkerd-viz"}


def test_usage_has_the_names_filled_in() -> None:
    asked = Asked("MD-1", "practice", None, load(), "https://grafana.example.com", viz_namespace="observe")
    texts = [one.text for one in KIND.usage(asked)]
    assert "linkerd viz top namespace/emojivoto --viz-namespace observe --api-addr localhost:8085" in texts
    assert any(text.startswith("https://grafana.example.com/d/linkerd-top-line?") for text in texts)
