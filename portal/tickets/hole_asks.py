"""What ticket a finding of posture can become: which kind, with which fields. adopting.py calls it; changes nothing.

What stands on the pod template some kinds can express. All else (a namespace's labels, a proxy's user) becomes a ticket
that people carry out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal import queries
from portal.kinds.generic import LONGEST_TEXT, LONGEST_TITLE
from portal.mesh.adopting import present
from portal.mesh.adoption_findings import still_open
from portal.mesh.annotations import DEBUG_SIDECAR, INJECT, SKIP_INBOUND, SKIP_OUTBOUND
from portal.mesh.encryption import skips
from portal.mesh.holes import Code, words
from portal.mesh.ports import PROXY_PORTS
from portal.mesh.view import InventoryView
from portal.mesh.want import Want
from portal.mesh.workloads import PATCHABLE, WorkloadRef
from portal.models import PostureHole
from portal.states import Adopts
from portal.tickets.ask import Ask
from portal.tickets.routing import views_seen

_LIST_OF = {Code.SKIP_INBOUND: SKIP_INBOUND, Code.SKIP_OUTBOUND: SKIP_OUTBOUND}
_SETTING_OF = {Code.UNMESHED: INJECT, Code.DEBUG: DEBUG_SIDECAR}


@dataclass(frozen=True)
class Terms:
    """What an operator says of a finding that is to become a ticket: why, whether it is kept or closed, for how long
    (None: as long as its rule allows), and the shortest window that there is."""

    reason: str
    shortest: timedelta
    duration: timedelta | None = None
    becomes: Adopts = Adopts.KEEP


def ask_of(session: Session, hole: PostureHole, terms: Terms) -> Ask:
    """The ask that takes the hole over where a kind can express it, else the one that has people mend it."""
    view = _view(session, hole)
    expressed = None if view is None else _expressed(hole, view, terms)
    kind, fields = expressed or ("generic", _in_words(hole, terms))
    duration = None if expressed is None else terms.duration
    return Ask(kind, hole.cluster, hole.namespace, reason_of(hole, terms), duration, fields)


def reason_of(hole: PostureHole, terms: Terms) -> str:
    """The ticket's reason: the operator's words, what was found, and since when by whom as far as that is known."""
    fact, _ = words(hole.code, hole.detail)
    maker = "" if hole.made_by is None else f", made by {hole.made_by}"
    said = terms.reason if terms.reason.endswith((".", "!", "?")) else f"{terms.reason}."
    return f"{said} Found on {_name(hole)}: {fact} Seen since {hole.first_seen_at:%Y-%m-%d}{maker}."[:4000]


def _in_words(hole: PostureHole, terms: Terms) -> dict[str, Any]:
    fact, meaning = words(hole.code, hole.detail)
    title = f"Close a hole in the encryption of {_name(hole)}: {hole.code}"
    where = f"Where: {_name(hole)} in {hole.namespace} on {hole.cluster}."
    mend = "Mend it where its manifest is kept; posture shows when it is gone."
    text = "\n".join([fact, meaning, where, mend, "", terms.reason])
    return {"title": title[:LONGEST_TITLE], "text": text[:LONGEST_TEXT]}


def _name(hole: PostureHole) -> str:
    return f"{hole.kind}/{hole.name}"


def _view(session: Session, hole: PostureHole) -> InventoryView | None:
    """The workload as last seen; None where it is no workload that a ticket could change."""
    if hole.kind not in PATCHABLE or (hole.kind == "cronjob" and hole.code == Code.DEBUG):
        return None
    seen = queries.namespace_view(session, hole.cluster, hole.namespace, only=[(hole.kind, hole.name)])
    if seen is None or (hole.kind, hole.name) not in seen.workloads:
        return None
    [(view, _)] = views_seen(session, seen, [WorkloadRef(hole.kind, hole.namespace, hole.name)])
    return view


def _expressed(hole: PostureHole, view: InventoryView, terms: Terms) -> tuple[str, dict[str, Any]] | None:
    """The kind and its fields; None where what is on the pod template is not all of it, or is another ticket's."""
    want = _want(Code(hole.code), view)
    if not want or want - present(want, view.template) or still_open(view, want):
        return None
    workloads = {"workloads": [_name(hole)]}
    if hole.code == Code.DEBUG:
        return "debug-sidecar", workloads
    lists = {"inbound": str(want.skip_inbound), "outbound": str(want.skip_outbound)}
    mode = "disable-injection" if want.disable_injection else "skip-ports"
    # Nobody has said that the application encrypts it.
    encryption = {"encrypted": False, "how": reason_of(hole, terms)}
    return "encryption-exception", {**workloads, **lists, "mode": mode, "application_encryption": encryption}


def _want(code: Code, view: InventoryView) -> Want:
    if code in _SETTING_OF:
        return Want.of_setting(_SETTING_OF[code]) - view.others
    if code not in _LIST_OF:
        return Want()
    # Only what the template itself says: what its namespace says, no ticket on a workload could take out.
    key = _LIST_OF[code]
    said = {key: view.template[key]} if key in view.template else {}
    found = skips(said, {}, view.defaults).ports.ports(key) - view.others.ports(key)
    return Want.of_ports(key, found - PROXY_PORTS)
