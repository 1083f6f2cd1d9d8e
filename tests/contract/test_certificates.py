"""The certificates of a mesh on a real control plane, read with the worker's own rights and no others."""

from __future__ import annotations

import pytest

from portal.mesh.certificates import Role
from tests.contract.worlds import World
from tests.controlplane.harness import ControlPlane
from workers.certificate_sources import everything

pytestmark = pytest.mark.control_plane


def test_what_anybody_may_read_is_read(control_plane: ControlPlane, real_world: World) -> None:
    found, root = everything(real_world.cluster, "linkerd")
    by_role = {one.role: one for one in found}
    for role in (Role.ANCHOR, Role.INJECTOR):
        shown = by_role[role].certificate
        assert shown is not None
        assert (by_role[role].problem, by_role[role].span.not_after) == (None, shown.not_after)
    anchor, injector = by_role[Role.ANCHOR].certificate, by_role[Role.INJECTOR].certificate
    assert anchor == injector
    assert len(str(root)) == 64
    assert by_role[Role.SP_VALIDATOR].problem == (
        "There is no ValidatingWebhookConfiguration linkerd-sp-validator-webhook-config: "
        "Linkerd is not whole on this cluster."
    )
    assert not any("right to" in str(one.problem) for one in found)
