"""Who may tap, exactly, and the commands that work with those rights."""

from __future__ import annotations

from portal.mesh.viz.tap import Subject, commands, tap_objects
from portal.mesh.workloads import WorkloadRef
from tests.unit.viz.bundles import practice

WHO = [Subject("User", "member@example.com"), Subject("Group", "emojis")]


def test_a_ticket_gives_tap_in_its_namespace_and_the_sight_of_one_namespace_object() -> None:
    tap, role, binding = tap_objects("MD-142", "emojivoto", "linkerd-viz", [*WHO, WHO[0]])
    assert tap["metadata"] == {"name": "meshdesk-md-142-tap", "namespace": "emojivoto"}
    assert tap["roleRef"]["name"] in {obj["metadata"]["name"] for obj in practice().objects}
    assert [(one["kind"], one["name"]) for one in tap["subjects"]] == [
        ("Group", "emojis"),
        ("User", "member@example.com"),
    ]
    assert role["metadata"] == {"name": "meshdesk-md-142-tap-emojivoto", "namespace": "linkerd-viz"}
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["namespaces"], "resourceNames": ["linkerd-viz"], "verbs": ["get"]}
    ]
    assert binding["roleRef"]["name"] == binding["metadata"]["name"] == role["metadata"]["name"]
    assert binding["subjects"] == tap["subjects"]
    assert "portforward" not in str([tap, role, binding])


def lines(console: str | None, *workloads: WorkloadRef) -> list[str]:
    return [one.text for one in commands(["emojivoto"], workloads, viz_namespace="viz", console=console)]


def test_the_commands_have_the_names_filled_in() -> None:
    found = lines("https://console.example.com/grafana/", WorkloadRef("deployment", "emojivoto", "web"))
    assert found == [
        "https://console.example.com/grafana/d/linkerd-top-line?var-namespace=emojivoto",
        "https://console.example.com/grafana/d/linkerd-deployment?var-deployment=web&var-namespace=emojivoto",
        "linkerd viz top namespace/emojivoto --viz-namespace viz --api-addr localhost:8085",
        "linkerd viz top deployment/web -n emojivoto --viz-namespace viz --api-addr localhost:8085",
        "linkerd viz tap namespace/emojivoto --viz-namespace viz --api-addr localhost:8085",
        "linkerd viz tap deployment/web -n emojivoto --viz-namespace viz --api-addr localhost:8085",
    ]


def test_without_a_workload_the_detail_page_offers_all() -> None:
    assert "https://c/d/linkerd-deployment?var-namespace=emojivoto" in lines("https://c/d/something?x=1")


def test_without_a_console_the_ticket_says_so() -> None:
    assert lines(None)[0].startswith("The registry names no monitoring console for this cluster")
