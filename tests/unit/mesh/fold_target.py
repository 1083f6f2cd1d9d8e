"""A target on which every write lands at once, for the tests that take the fold rule by rule."""

from __future__ import annotations

from dataclasses import replace

from portal.mesh.annotations import INJECT, SKIP_INBOUND, MeshDefaults
from portal.mesh.fold import Claim, Memory, Seen, Want, confirm, fold
from portal.mesh.ports import Ports

DEFAULTS = MeshDefaults()


def seen(template: dict[str, str] | None = None, *, mark: str | None = None, **namespace: str) -> Seen:
    around = {SKIP_INBOUND: namespace["inbound"]} if "inbound" in namespace else {}
    return Seen(template or {}, around, DEFAULTS, mark)


def inbound(text: str) -> Want:
    return Want(skip_inbound=Ports.parse(text))


def claim(text: str, ticket: str = "MD-1", suspended: str = "") -> Claim:
    return Claim(ticket, inbound(text), inbound(suspended))


OFF = Claim("MD-1", Want.of_setting(INJECT))


class Target:
    """A target on which every write lands at once."""

    def __init__(self, template: dict[str, str] | None = None, *, mark: str | None = None, **namespace: str) -> None:
        self.memory = Memory()
        self.seen = seen(template, mark=mark, **namespace)
        self.suspended: dict[str, Want] = {}

    def converge(self, *claims: Claim, fence: bool = False) -> dict[str, str]:
        """The template after writing until nothing is left to write."""
        for _ in range(5):
            plan = fold(self.memory, self.seen, claims, fence=fence)
            self.suspended |= plan.suspend
            self.memory = plan.memory
            if not plan.write:
                return dict(self.seen.template)
            merged = {**self.seen.template, **plan.changes}
            self.template({key: text for key, text in merged.items() if text is not None}, mark=plan.mark)
            self.memory = confirm(self.memory)
            fence = False
        raise AssertionError("the fold never comes to rest")

    def template(self, template: dict[str, str], *, mark: str | None = "kept") -> None:
        """An owner's (or our) change of the template."""
        self.seen = replace(self.seen, template=template, mark=self.seen.mark if mark == "kept" else mark)
