"""Whether a policy of ours that stands isolates pods by itself by now."""

from __future__ import annotations

import pytest

from portal.mesh.egress import policy_for
from portal.mesh.egress_drift import Isolation
from portal.mesh.network import ALLOW_EVERYTHING_ELSE, EgressAsk
from portal.mesh.objects import MANAGED
from tests.unit.mesh.network_objects import Object, labelled, policy, scene

BOTH = (labelled("emoji"), labelled("web"))
EMOJI = {"matchLabels": {"app": "emoji"}}


@pytest.mark.parametrize(
    ("policies", "alone", "shared", "is_alone"),
    [
        ((policy(),), (), ("deployment/emoji", "deployment/web"), False),
        ((policy(selector=EMOJI),), ("deployment/web",), ("deployment/emoji",), False),
        ((), ("deployment/emoji", "deployment/web"), (), True),
        ((policy(policyTypes=["Ingress"]),), ("deployment/emoji", "deployment/web"), (), True),
    ],
)
def test_who_else_isolates_its_pods(
    policies: tuple[Object, ...], alone: tuple[str, ...], shared: tuple[str, ...], is_alone: bool
) -> None:
    seen = scene(*BOTH, policies=policies)
    found = Isolation.by(policy_for(EgressAsk(), seen), seen)
    assert (found.alone, found.shared, found.is_alone) == (alone, shared, is_alone)


def test_policies_of_other_tickets_isolate_for_nobody() -> None:
    other = policy("another-ticket-s")
    other["metadata"]["labels"] = {MANAGED: "true"}
    seen = scene(*BOTH, policies=(other,))
    assert Isolation.by(policy_for(EgressAsk(), seen), seen).is_alone


def test_a_policy_that_selects_nothing_isolates_nothing() -> None:
    seen = scene(labelled("emoji", unmeshed=True))
    found = Isolation.by(policy_for(EgressAsk(), seen), seen)
    assert (found.alone, found.shared, found.is_alone) == ((), (), False)


def test_its_owner_is_told_where_it_suits_some_pods_only() -> None:
    seen = scene(*BOTH, policies=(policy(selector=EMOJI),))
    closed = policy_for(EgressAsk(), seen)
    opened = policy_for(EgressAsk(if_alone=ALLOW_EVERYTHING_ELSE), scene(*BOTH))
    [cut] = Isolation.by(closed, seen).warnings(closed)
    assert cut.startswith("No egress policy of yours selects deployment/web, so this policy alone isolates them")
    [undone] = Isolation.by(opened, seen).warnings(opened)
    assert "also opens the egress of deployment/emoji, which a policy of yours isolates" in undone
    whole = scene(*BOTH, policies=(policy(),))
    assert list(Isolation.by(closed, whole).warnings(closed)) == []


def test_a_bare_pod_is_its_own_template_and_says_itself_that_it_has_a_proxy() -> None:
    labels = {"app": "shell", "linkerd.io/control-plane-ns": "linkerd"}
    metadata = {"name": "shell", "namespace": "emojivoto", "labels": labels}
    containers = [{"name": "shell", "image": "shell:1"}, {"name": "linkerd-proxy", "image": "proxy:1"}]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers}}
    seen = scene(pod)
    assert seen.is_meshed(pod)
    assert Isolation.by(policy_for(EgressAsk(), seen), seen).alone == ("pod/shell",)
