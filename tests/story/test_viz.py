"""Viz for a while: asked, approved, installed, shared, released, expired, and gone. Real processes and HTTP.

On the real control plane tap and its injector are played by tests/controlplane/tap.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from portal.mesh.viz.names import SELECTOR
from portal.mesh.viz.order import LABELLED
from tests.story.api import Api
from tests.story.stack import Stack
from tests.story.worlds import REGISTRY, StoryWorld
from tests.unit.viz.bundles import PRACTICE

pytestmark = pytest.mark.story


@pytest.fixture
def with_viz(request: pytest.FixtureRequest, stack: Stack, world: StoryWorld, pair: str) -> Iterator[Stack]:
    """The product with a bundle for its cluster, whose workers may install it."""
    (stack.folder / "viz.yaml").write_text(PRACTICE)
    registry = REGISTRY.replace("environment: production}}", "environment: production, viz: {{bundle: viz.yaml}}}}")
    file = stack.folder / "registry.yaml"
    file.write_text(registry.format(namespace=world.namespace))
    applied = stack.run("registry", "apply", str(file))
    assert applied.returncode == 0, applied.stdout + applied.stderr
    if pair.endswith("practice"):
        yield stack
        return
    # The kubernetes client takes half a second to import: not for runs without a control plane.
    from tests.contract.real_world import VIZ_RBAC_FILE, WORKER, grant_file  # noqa: PLC0415
    from tests.controlplane.client import manifests  # noqa: PLC0415
    from tests.controlplane.tap import Tap, may_listen  # noqa: PLC0415

    if not may_listen():
        pytest.skip("this user may not listen on port 443 of loopback, where tap's Service is")
    plane = request.getfixturevalue("control_plane")
    grant_file(plane, WORKER, path=VIZ_RBAC_FILE)
    tap = Tap(plane)
    tap.start()
    yield stack
    tap.stop()
    for manifest in manifests(VIZ_RBAC_FILE):
        metadata = manifest["metadata"]
        plane.client.delete(manifest["kind"], metadata["name"], metadata.get("namespace"))


def asking(world: StoryWorld, user: str, duration: str) -> dict[str, Any]:
    fields = {"namespaces": [world.namespace], "subjects": [{"kind": "User", "name": user}]}
    return {
        "kind": "viz-enablement",
        "cluster": "practice",
        "duration": duration,
        "reason": "votes get lost",
        "fields": fields,
    }


def approved(member: Api, partner: Api, body: dict[str, Any]) -> str:
    answer = member.post("/tickets", body)
    assert answer.status_code == 201, answer.text
    ref = str(answer.json()["ref"])
    member.until_clean(ref)
    decided = partner.decide(ref)
    assert decided.status_code == 200, decided.text
    return ref


def labelled(world: StoryWorld) -> set[str]:
    """What of Viz is in the cluster, by kind and name."""
    cluster = world.world.installer
    found = ((kind, one) for api, kind in LABELLED for one in cluster.objects(api, kind, selector=SELECTOR))
    return {f"{kind}/{one['metadata']['name']}" for kind, one in found}


def test_viz_is_asked_installed_shared_and_gone_with_the_last(
    with_viz: Stack, world: StoryWorld, member: Api, partner: Api
) -> None:
    preview = member.post("/tickets/preview", asking(world, "ada@example.com", "PT1H"))
    assert preview.status_code == 200, preview.text
    assert preview.json()["rule"] == "viz-production"
    assert "Deployment tap in linkerd-viz" in preview.json()["targets"][0]["change"]["after"]
    first = approved(member, partner, asking(world, "ada@example.com", "PT1H"))
    opened = member.until(first, "active", within=60)
    assert f"namespace/{world.namespace} --viz-namespace linkerd-viz" in str(opened["usage"])
    assert "APIService/v1alpha1.tap.linkerd.io" in labelled(world)
    second = approved(member, partner, asking(world, "grace@example.com", "PT15S"))
    member.until(second, "active", within=30)
    assert member.post(f"/tickets/{first}/release", {"reason": "seen"}).status_code == 200
    member.until(first, "closed", within=30)
    assert "APIService/v1alpha1.tap.linkerd.io" in labelled(world)
    closed = member.until(second, "closed", within=60)
    assert closed["outcome"] == "expired"
    assert labelled(world) == set()
