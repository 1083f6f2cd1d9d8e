"""Taking over what is on a pod template: nothing but the mark is written, and the end leaves what is the owner's own.

Whatever else is live on the workload, and wherever a worker is killed.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.mesh.adopting import adopt, present
from portal.mesh.annotations import DEBUG_SIDECAR, INJECT, SKIP_INBOUND, SKIP_OUTBOUND, MeshDefaults
from portal.mesh.fold import Claim, Memory, Seen, confirm, fold
from portal.mesh.ports import Ports
from portal.mesh.want import NOTHING, Want
from tests.unit.mesh.fold_world import numbers

DEFAULTS = MeshDefaults(version="edge-26.6.3")
some_ports = st.frozensets(st.sampled_from([4567, 4568, 7001, 7002, 8080, 9000]))


def inbound(ports: frozenset[int]) -> Want:
    return Want(skip_inbound=Ports.of(*ports))


class Object:
    """A template that workers write, and what is remembered of it."""

    def __init__(self, template: dict[str, str], namespace: dict[str, str] | None = None) -> None:
        self.template, self.namespace = dict(template), namespace or {}
        self.mark: str | None = None
        self.memory = Memory()

    def seen(self) -> Seen:
        return Seen(dict(self.template), self.namespace, DEFAULTS, self.mark)

    def settle(self, claims: list[Claim], adopted: Want = NOTHING, *, killed: int = 99) -> bool:
        """What converge does, as far as its `killed`th step; whether the template was written."""
        wrote = False
        for step in range(10):
            memory = adopt(self.memory, self.seen(), present(adopted, self.template))
            plan = fold(memory, self.seen(), claims, mark_first=True)
            self.memory = Memory.from_json(plan.memory.to_json())
            if not plan.write or step == killed:
                return wrote
            wrote = wrote or bool(plan.changes)
            for key, text in plan.changes.items():
                self.template.pop(key, None)
                if text is not None:
                    self.template[key] = text
            self.mark = plan.mark
            self.memory = confirm(self.memory)
        raise AssertionError("it never settles")


@given(some_ports, some_ports, some_ports, st.booleans(), st.sampled_from([99, 0, 1]))
def test_the_end_takes_out_just_what_was_taken_over(
    listed: frozenset[int], hole: frozenset[int], other: frozenset[int], first: bool, killed: int
) -> None:
    text = ",".join(map(str, sorted(listed, reverse=True)))
    found, want = Object({SKIP_INBOUND: text}), inbound(hole & listed)
    others = [Claim("MD-1", inbound(other))]
    if first:
        found.settle(others)
    before = dict(found.template)
    claims = [*(others if first else []), Claim("MD-2", want)]
    assert not found.settle(claims, want, killed=killed)
    assert not found.settle(claims, want)
    assert found.template == before
    found.settle([*others, Claim("MD-2", want)])
    found.settle(others)
    # What the other ticket wants too is its own from then on.
    assert numbers(found.template.get(SKIP_INBOUND, "4567,4568")) == (listed - (hole & listed)) | other
    found.settle([])
    assert numbers(found.template.get(SKIP_INBOUND, "4567,4568")) == listed - (hole & listed)
    assert found.mark is None


@pytest.mark.parametrize(
    ("text", "namespace", "hole", "left"),
    [
        ("8080", {}, 8080, ""),
        ("8080,4568,4567", {}, 8080, None),
        ("8080,25", {SKIP_INBOUND: "25"}, 8080, None),
        ("8080,25", {}, 8080, "25"),
        ("9000-9010", {}, 9005, "9000-9004,9006-9010"),
    ],
)
def test_a_list_without_the_hole_never_skips_more_than_it_did(
    text: str, namespace: dict[str, str], hole: int, left: str | None
) -> None:
    found, want = Object({SKIP_INBOUND: text}, namespace), inbound(frozenset({hole}))
    found.settle([Claim("MD-1", want)], want)
    found.settle([])
    assert found.template.get(SKIP_INBOUND) == left


@pytest.mark.parametrize(
    ("key", "text"), [(INJECT, "disabled"), (DEBUG_SIDECAR, "true"), (DEBUG_SIDECAR, "1"), (DEBUG_SIDECAR, "T")]
)
def test_a_setting_is_taken_out_however_it_was_spelt(key: str, text: str) -> None:
    found, want = Object({key: text, SKIP_OUTBOUND: "25"}), Want.of_setting(key)
    assert not found.settle([Claim("MD-1", want)], want)
    assert found.template[key] == text
    found.settle([])
    assert found.template == {SKIP_OUTBOUND: "25"}


def test_what_is_not_there_is_not_taken_over() -> None:
    template = {INJECT: "enabled", SKIP_INBOUND: "8080", SKIP_OUTBOUND: "one,two"}
    want = Want(Ports.of(8080, 9000), Ports.of(25), frozenset({INJECT, DEBUG_SIDECAR}))
    assert present(want, template) == Want(Ports.of(8080))
    assert adopt(Memory(), Seen(template, {}, DEFAULTS, None), NOTHING) == Memory()
