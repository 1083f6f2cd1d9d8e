"""Owners of the workloads in random schedules: what they change by themselves, and what must be left of it at the end.

They never write a port or a value that a ticket writes: whose such an entry is, nothing in the object would tell.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from portal.mesh.annotations import DEBUG_SIDECAR, INJECT, SKIP_INBOUND, SKIP_OUTBOUND
from portal.mesh.workloads import WorkloadRef, template_annotations
from tests.unit.mesh.fold_world import numbers
from tests.workers.desk import Desk
from tests.workers.egress import DENY, isolate
from tests.workers.requests import OURS
from tests.workers.theatre import SKIPPED_IN_BOOKS, WORKLOADS

LISTS = (SKIP_INBOUND, SKIP_OUTBOUND)
# How each key may be before anything is asked, and how owners may set it later.
AT_FIRST: dict[str, tuple[str, ...]] = {
    SKIP_INBOUND: ("", "9090", "9092,9090-9091,25"),
    SKIP_OUTBOUND: ("", "25,24"),
    INJECT: ("enabled", "", "disabled"),
    DEBUG_SIDECAR: ("true", "1", "false"),
}
LATER: dict[str, tuple[str | None, ...]] = {INJECT: (None, "enabled", ""), DEBUG_SIDECAR: (None, "1", "false")}
OWN_PORTS = (25, 9090, 9095)
had = st.sampled_from([(ref, key, text) for ref in WORKLOADS for key, texts in AT_FIRST.items() for text in texts])
somewhere = st.sampled_from(WORKLOADS)


@dataclass(frozen=True)
class Edit:
    """An owner's change of one key: a list by adding or taking out a port or as a whole, a setting by a value."""

    ref: WorkloadRef
    key: str
    add: int | None = None
    remove: int | None = None
    value: str | None = None


edits = st.one_of(
    st.builds(Edit, somewhere, st.sampled_from(LISTS), add=st.sampled_from(OWN_PORTS)),
    st.builds(Edit, somewhere, st.sampled_from(LISTS), remove=st.sampled_from((*OWN_PORTS, *sorted(OURS)))),
    st.builds(Edit, somewhere, st.sampled_from(LISTS)),
    st.sampled_from([(key, value) for key, values in LATER.items() for value in values]).flatmap(
        lambda drawn: st.builds(Edit, somewhere, st.just(drawn[0]), value=st.just(drawn[1]))
    ),
)


class Owners:
    """What they have changed: `left` is what must count in the end, of a list its ports; isolated namespaces."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.left: dict[tuple[WorkloadRef, str], set[int] | str | None] = {}
        self.isolated = {"books"}

    def edit(self, edit: Edit) -> None:
        """Change it as somebody who read the workload just before."""
        text = template_annotations(self.desk.object(edit.ref)).get(edit.key)
        wanted = edit.value if edit.key not in LISTS else self._list(edit, text)
        if wanted == text:
            return
        write(self.desk, edit.ref, edit.key, wanted)
        self.left[edit.ref, edit.key] = wanted if edit.key not in LISTS else ports(edit.ref, edit.key, wanted) - OURS

    def _list(self, edit: Edit, text: str | None) -> str | None:
        entries = _entries(_inherited(edit.ref, edit.key) if text is None else text)
        if edit.add is not None:
            return text if edit.add in numbers(",".join(entries)) else ",".join([*entries, str(edit.add)])
        if edit.remove is not None:
            # The inherited list is nobody's to take out of here.
            kept = numbers(text or "") - {edit.remove}
            return text if text is None or edit.remove not in numbers(text) else ",".join(map(str, sorted(kept)))
        return None

    def toggle(self, namespace: str) -> None:
        """Isolate the pods of a namespace, or do so no longer."""
        if namespace in self.isolated:
            self.desk.practice.delete(WorkloadRef("networkpolicy", namespace, DENY))
        else:
            isolate(self.desk, namespace=namespace)
        self.isolated ^= {namespace}

    def agree(self, ref: WorkloadRef, key: str, text: str | None, at_first: str | None) -> bool:
        """Whether what a key says in the end is what its owner left: to the letter where they never touched it."""
        if (ref, key) not in self.left:
            return text == at_first
        left = self.left[ref, key]
        return ports(ref, key, text) == left if key in LISTS else text == left


def write(desk: Desk, ref: WorkloadRef, key: str, text: str | None) -> None:
    """Set or take away one key of a template as its owner."""
    desk.practice.apply_as("kubectl", ref, _patch(ref, {key: text}))


def _patch(ref: WorkloadRef, annotations: dict[str, str | None]) -> dict[str, object]:
    template = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
    return {"spec": {"jobTemplate": template}} if ref.kind == "cronjob" else template


def _inherited(ref: WorkloadRef, key: str) -> str:
    return SKIPPED_IN_BOOKS if ref.namespace == "books" and key == SKIP_INBOUND else "4567,4568"


def _entries(text: str) -> list[str]:
    return [entry for entry in text.split(",") if entry]


def ports(ref: WorkloadRef, key: str, text: str | None) -> set[int]:
    """The ports that count by this value of a list, None: absent."""
    return numbers(_inherited(ref, key) if text is None else text)
