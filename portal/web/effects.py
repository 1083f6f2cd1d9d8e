"""What a dangerous button does, in a sentence that is asked about once before it is done. Pure."""

from __future__ import annotations

from typing import Any

from portal.kinds.base import Kind
from portal.states import State
from portal.web.headline import several

View = dict[str, Any]
OPEN = (State.APPLYING, State.ACTIVE)


def button_effect(view: View, kind: Kind[Any]) -> str:
    """What a button that ends the window adds to its words: `: emoji and voting restart`; empty where none does."""
    names = [one["workload"] for one in view["targets"]]
    if not names or not kind.restarts_pods or view["state"] not in OPEN:
        return ""
    return f": {several(names)} restart{'s' if len(names) == 1 else ''}"


def confirmations(view: View, kind: Kind[Any]) -> dict[str, str]:
    """The sentence for each deed that is asked about, by its name."""
    ends = _ends(view, kind)
    return {
        "release": ends,
        "revoke": ends,
        "withdraw": f"{view['ref']} is over then, and nothing is changed. Whoever still needs it asks anew.",
        "decline": f"{view['ref']} is over then, and {view['requester']} reads why.",
        "break-glass": (
            f"{view['ref']} begins at once, without a decision.{_restarts(view, kind)} Everybody who decides is told, "
            "and until somebody has reviewed it your tenant can break no other glass."
        ),
    }


def _ends(view: View, kind: Kind[Any]) -> str:
    if view["state"] not in OPEN:
        return f"{view['ref']} is over then; nothing was written. Whoever still needs it asks anew."
    return f"{view['ref']} ends now, and what it opened is taken back.{_restarts(view, kind)}"


def _restarts(view: View, kind: Kind[Any]) -> str:
    names = [one["workload"] for one in view["targets"]]
    if not kind.restarts_pods or not names:
        return " No pod restarts."
    return f" The pods of {several(names)} restart."
