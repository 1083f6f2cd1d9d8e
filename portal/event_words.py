"""The types of events of the audit trail, each as what somebody did. docs/audit.md says when each is written. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SAID = ("reason", "note", "text", "answer", "why")
"""The parts of an event's payload that are words of somebody."""
TYPES: dict[str, str] = {
    "ticket:submitted": "asked for it",
    "ticket:approved": "approved: it may begin",
    "ticket:rejected": "rejected",
    "ticket:withdrawn": "withdrew it",
    "ticket:applying": "began to apply it",
    "ticket:active": "applied: the window is open",
    "ticket:failed": "could not apply it",
    "ticket:lapsed": "lapsed: nobody decided in time",
    "ticket:reverting": "began to undo it",
    "ticket:closed": "closed: it is over",
    "decision:approve": "gave an approval",
    "decision:reject": "rejected it",
    "decision:void": "an approval counts no more",
    "ticket:trimmed": "granted less than was asked",
    "deciders:reminded": "reminded who decides",
    "ticket:break-glass": "broke the glass: it begins without a decision",
    "review:due": "the review is due",
    "review:answered": "answered the review",
    "recertification:due": "asked whether it may stay open",
    "recertification:given": "let it stay open",
    "recertification:missed": "nobody let it stay open",
    "question:asked": "asked a question",
    "question:answered": "answered the question",
    "ticket:rerouted": "another rule counts now",
    "ticket:handed-over": "handed it over to somebody else",
    "hole:adopted": "made a ticket of what posture found",
    "hole:closing": "has what posture found closed",
    "preflight:asked": "had the preflight run again",
    "window:opened": "opened the window",
    "window:ending-soon": "the window ends soon",
    "evidence:preflight": "looked before the change",
    "evidence:probe": "tried whether the application encrypts",
    "evidence:before": "kept what was there before",
    "evidence:applied": "kept what was applied",
    "evidence:undone": "kept what was undone",
    "work:hindered": "was held up",
    "rollout:stalled": "saw a rollout that does not go on",
    "rollout:resumed": "saw the rollout go on",
    "work:retried": "had it tried again",
    "work:reapplied": "had it written again",
    "work:taken": "works on it",
    "work:adjusted": "adjusted an egress policy",
    "undo:late": "the undo is late",
    "drift:suspended": "saw that somebody removed what was written",
    "drift:seen": "saw a difference in the cluster",
    "drift:mended": "saw that the difference is gone",
    "comment:added": "commented",
    "delegation:made": "left decisions to somebody for a while",
    "delegation:ended": "ended a delegation",
    "template:kept": "kept a reason to reject",
    "template:removed": "removed a reason to reject",
    "cluster:said-gone": "said that a cluster is gone for good",
    "cluster:gone": "confirmed that a cluster is gone for good",
    "cluster:paused": "paused a cluster",
    "cluster:resumed": "resumed a cluster",
    "guard:asked": "had the guard of a cluster put into force",
    "guard:applied": "wrote the guard of a cluster",
    "guard:mended": "mended the guard of a cluster",
    "person:bound": "signed in for the first time",
    "person:added": "signed in as somebody new",
    "person:returned": "signed in again after a while away",
    "person:deactivated": "deactivated somebody",
    "person:activated": "activated somebody",
    "person:unbound": "unbound an identity",
    "token:made": "made a token",
    "token:revoked": "revoked a token",
    "service:made": "made a service",
    "service:removed": "removed a service",
    "registry:applied": "applied the registry",
    "policy:applied": "applied a policy",
    "audit:sealed": "sealed the chains",
}


def words_of(type_: str) -> str:
    """What happened, as words; the type itself, spelt out, where this version does not know it."""
    return TYPES.get(type_) or type_.replace(":", " ").replace("-", " ")


def types_of(said: str) -> tuple[str, ...]:
    """The types that somebody means: one (`decision:approve`), or all of a subject (`decision`)."""
    if ":" in said:
        return (said,)
    return tuple(one for one in TYPES if one.startswith(f"{said}:")) or (said,)


def said_in(payload: Mapping[str, Any]) -> str:
    """What somebody said in an event's payload, in their own words; empty where nobody said anything."""
    return next((payload[name] for name in SAID if isinstance(payload.get(name), str) and payload[name]), "")
