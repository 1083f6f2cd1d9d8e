"""Namespaces under the guard, on the real API server: none is weakened, and none steps out of it by an edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.controlplane.guard_ways import TRY
from tests.controlplane.guarding import CONFIG, DEBUG, DENY, INJECT, OFF, OUTBOUND, WARN, Guarded, namespace
from tests.controlplane.rest import MERGE, STRATEGIC

pytestmark = pytest.mark.control_plane
Object = dict[str, Any]


@pytest.fixture(scope="module")
def guarded(guarded_places: Guarded) -> Iterator[Guarded]:
    """The guard, denying."""
    guarded_places.install()
    yield guarded_places
    guarded_places.uninstall()


NAMESPACE_EDITS: dict[str, tuple[Object, str]] = {
    "inject disabled": ({"annotations": {INJECT: "disabled"}}, "without the proxy"),
    "inject invalid": ({"annotations": {INJECT: "true"}}, "without the proxy"),
    "inject removed": ({"annotations": {INJECT: None}}, "without the proxy"),
    "skipped ports": ({"annotations": {OUTBOUND: "443"}}, "outbound ports 443"),
    "webhook off": ({"labels": {f"{CONFIG}admission-webhooks": "disabled"}}, "for none of its pods"),
    "weaker policy": ({"annotations": {f"{CONFIG}default-inbound-policy": "audit"}}, "more callers"),
    "debug": ({"annotations": {DEBUG: "1"}}, "debug container"),
    "subnets": ({"annotations": {f"{CONFIG}skip-subnets": "10.0.0.0/8"}}, "skip-subnets"),
    "its name's label dropped at once": (
        {"annotations": {INJECT: None}, "labels": {"kubernetes.io/metadata.name": None}},
        "without the proxy",
    ),
    "its name's label changed at once": (
        {"annotations": {INJECT: None}, "labels": {"kubernetes.io/metadata.name": OFF}},
        "without the proxy",
    ),
}


@pytest.mark.parametrize("part", ["", "status"])
@pytest.mark.parametrize("edit", NAMESPACE_EDITS)
def test_a_namespace_cannot_be_weakened(guarded: Guarded, edit: str, part: str) -> None:
    body, says = NAMESPACE_EDITS[edit]
    for kind in (MERGE, STRATEGIC):
        answer = guarded.rest.patch(namespace(DENY), {"metadata": body}, kind, part, **TRY)
        assert answer.status == 403, answer
        assert says in answer.message


def test_a_namespace_can_be_edited_otherwise_and_not_made_weak(guarded: Guarded) -> None:
    rest = guarded.rest
    assert rest.patch(namespace(DENY), {"metadata": {"labels": {"team": "a"}}}, **TRY).ok
    assert rest.patch(namespace(DENY), {"metadata": {"annotations": {INJECT: "ingress"}}}, **TRY).ok
    weak = namespace(DENY, {INJECT: "disabled"})
    assert rest.apply(weak, **TRY).status == 403
    warned = rest.patch(namespace(WARN), {"metadata": {"annotations": {INJECT: "disabled"}}}, **TRY)
    assert warned.ok
    assert any("without the proxy" in warning for warning in warned.warnings)
    assert rest.patch(namespace(OFF), {"metadata": {"annotations": {INJECT: "disabled"}}}, **TRY).warnings == ()
