"""Which event of a ticket is told as what, to whom and in which words: the one table. `noting.py` reads it.

Words hold what to do next, never reasons, fields or what a cluster said: they leave by mail and chat.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portal.notify import audience, occurring, saying
from portal.notify.audience import Occasion, Whom, all_of
from portal.notify.lateness import is_late, problem_key
from portal.notify.sorts import Sort

Words = str | Callable[[Occasion], str]


def _always(_: Occasion) -> bool:
    return True


@dataclass(frozen=True)
class Telling:
    """One notice that an event gives: its sort, whom it is for, what happened and what to do next.

    `once` names what makes it the same as an earlier one; by default every event is another.
    """

    sort: Sort
    whom: Whom
    headline: Words
    next: Words
    when: Callable[[Occasion], bool] = _always
    once: Callable[[Occasion], str] | None = None


_WAITS = "waits for a decision"
_DECIDE = "Look at what it asks and what it would change, and approve or reject it."
_STUCK = "Its window is over and its change may still be in the cluster: see what holds the undo up, and mend that."
_CONFIRM = "Confirm that it is still needed, or let it end."

_IF_READY = Telling(Sort.WAITING, audience.newly_deciding, _WAITS, _DECIDE, occurring.can_be_decided)
_MENTION = Telling(Sort.MENTION, audience.mentioned, "mentions you", "Read what was said, and answer there.")
_LATE = Telling(
    Sort.FAILED_TO_UNDO,
    all_of(audience.requester, audience.partners, audience.operators),
    "could not be undone yet",
    _STUCK,
    is_late,
    problem_key,
)
_DRIFT = Telling(
    Sort.DRIFT,
    audience.requester,
    "differs from what was written",
    "Somebody changed it in the cluster: reapply it, or release it if it is needed no longer.",
)

TOLD: dict[str, tuple[Telling, ...]] = {
    "ticket:submitted": (_IF_READY,),
    "evidence:preflight": (
        _IF_READY,
        Telling(
            Sort.WAITING,
            audience.newly_requester,
            "cannot be decided yet",
            "Its preflight found what blocks the change: mend that and run the preflight again, or withdraw it.",
            occurring.is_blocked,
        ),
    ),
    "ticket:rerouted": (_IF_READY,),
    "question:asked": (
        Telling(
            Sort.QUESTION,
            audience.requester,
            "has a question for you",
            "Answer it on the ticket: nobody approves before.",
        ),
        _MENTION,
    ),
    "question:answered": (
        Telling(Sort.ANSWER, audience.asker, "has an answer to your question", _DECIDE),
        Telling(
            Sort.WAITING, audience.deciders, _WAITS, _DECIDE, lambda occasion: occurring.undecided(occasion.ticket)
        ),
        _MENTION,
    ),
    "comment:added": (_MENTION,),
    "ticket:approved": (
        Telling(
            Sort.DECIDED,
            all_of(audience.requester, audience.told_of_decisions),
            "is approved",
            saying.approved_next,
            # An approval that a worker hands back, or that a retry renews, is nobody's decision.
            occurring.was_pending,
        ),
        Telling(
            Sort.AUTOMATIC,
            audience.told_by_rule_or_partners,
            "was approved by the policy",
            "Nobody has to do anything. Revoke it if it should not be.",
            occurring.by_policy,
        ),
    ),
    "ticket:rejected": (
        Telling(Sort.DECIDED, audience.requester, "is rejected", "Read why, and ask again with what that asks for."),
    ),
    "ticket:active": (
        Telling(
            Sort.ACTIVE,
            all_of(audience.requester, audience.told_by_rule),
            "is active",
            saying.active_next,
            occurring.stays_open,
        ),
    ),
    "window:ending-soon": (
        Telling(
            Sort.ENDING_SOON,
            audience.requester,
            lambda occasion: f"ends {saying.left(occasion)}",
            lambda occasion: f"Release it, or renew it in time: meshdesk renew {occasion.ticket.ref}.",
        ),
    ),
    "ticket:failed": (
        Telling(
            Sort.FAILED_TO_APPLY,
            audience.requester,
            "could not be applied",
            "Nothing was written. Read why, and retry it once that is mended, or withdraw it.",
        ),
    ),
    "ticket:reverting": (
        Telling(
            Sort.FAILED_TO_APPLY,
            audience.requester,
            "could not be applied",
            "What was written of it is taken back now. Read why, and ask again once that is mended.",
            occurring.failed_writing,
        ),
    ),
    "ticket:closed": (
        Telling(Sort.ENDED, all_of(audience.requester, audience.told_by_rule), saying.over, saying.over_next),
    ),
    "ticket:withdrawn": (Telling(Sort.ENDED, audience.requester, saying.over, saying.over_next),),
    "ticket:lapsed": (
        Telling(
            Sort.LAPSED,
            audience.requester,
            "lapsed",
            "It waited for too long; nothing was changed. Ask again if it is still needed.",
        ),
    ),
    "work:hindered": (_LATE,),
    "undo:late": (_LATE,),
    "rollout:stalled": (
        Telling(
            Sort.STALLED,
            audience.requester,
            "has a rollout that does not go on",
            "See which pods hang and why, and mend that: the rollout goes on by itself.",
            once=occurring.this_hour,
        ),
    ),
    "drift:suspended": (_DRIFT,),
    "drift:seen": (_DRIFT,),
    "ticket:break-glass": (
        Telling(
            Sort.BREAK_GLASS,
            all_of(audience.partners, audience.operators, audience.reviewers),
            "breaks the glass",
            "A window opens now without anybody's approval: look at it, and revoke it if it should not be.",
        ),
    ),
    "review:due": (
        Telling(
            Sort.REVIEW_DUE,
            all_of(audience.reviewers, audience.named),
            "is to be reviewed",
            "Say whether breaking the glass was justified: until then its tenant cannot do it again.",
        ),
    ),
    "recertification:due": (
        Telling(Sort.RECERTIFICATION, all_of(audience.answering, audience.named), "is to be confirmed", _CONFIRM),
    ),
    "recertification:missed": (
        Telling(
            Sort.RECERTIFICATION,
            all_of(audience.requester, audience.answering),
            "ends, since nobody confirmed it",
            "Its change is taken back. Ask again if it is still needed.",
        ),
    ),
    "deciders:reminded": (Telling(Sort.NUDGED, audience.named_or_deciders, "still waits for a decision", _DECIDE),),
    "hole:adopted": (
        Telling(
            Sort.HOLE,
            all_of(audience.requester, audience.owners),
            "was made of a hole in your encryption",
            "It asks in your name: say on the ticket why that is needed, or mend it and have the ticket withdrawn.",
        ),
    ),
    "hole:closing": (
        Telling(
            Sort.HOLE,
            all_of(audience.requester, audience.owners),
            "closes a hole in your encryption",
            "What it names is taken out of the cluster, and pods restart: talk to the operators on the ticket.",
        ),
    ),
    "ticket:handed-over": (
        Telling(
            Sort.HANDED_OVER,
            all_of(audience.requester, audience.owners, audience.named),
            "is handed over",
            "See who answers for it now, and release it if it is needed no longer.",
        ),
    ),
}
