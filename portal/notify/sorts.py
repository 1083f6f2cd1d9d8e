"""The closed list of what people are told; `portal/notify/occasions.py` says which event is which sort. Pure."""

from __future__ import annotations

from enum import StrEnum


class Sort(StrEnum):
    """What a notice is about; people mute by it."""

    WAITING = "waiting-for-you"
    QUESTION = "question"
    ANSWER = "answer"
    MENTION = "mention"
    DECIDED = "decided"
    ACTIVE = "active"
    ENDING_SOON = "ending-soon"
    ENDED = "ended"
    FAILED_TO_APPLY = "failed-to-apply"
    FAILED_TO_UNDO = "failed-to-undo"
    STALLED = "stalled"
    DRIFT = "drift"
    BREAK_GLASS = "break-glass"
    REVIEW_DUE = "review-due"
    RECERTIFICATION = "recertification"
    LAPSED = "lapsed"
    NUDGED = "nudged"
    AUTOMATIC = "automatic"
    HANDED_OVER = "handed-over"
    HOLE = "hole"
    CERTIFICATE_ENDS = "certificate-ends"


# Sent at once whatever somebody prefers, and never muted.
URGENT = frozenset({Sort.FAILED_TO_UNDO, Sort.BREAK_GLASS})

# What is said to one person and is of no use to a tenant's channel.
PERSONAL = frozenset({Sort.QUESTION, Sort.ANSWER, Sort.MENTION, Sort.NUDGED})

MEANINGS: dict[Sort, str] = {
    Sort.WAITING: "A ticket can be decided and you may decide it, or its preflight found what you must mend.",
    Sort.QUESTION: "Somebody who decides has a question on your ticket.",
    Sort.ANSWER: "Your question was answered.",
    Sort.MENTION: "Somebody named you on a ticket.",
    Sort.DECIDED: "Your ticket was approved or rejected.",
    Sort.ACTIVE: "The window of your ticket is open.",
    Sort.ENDING_SOON: "The window of your ticket ends soon.",
    Sort.ENDED: "Your ticket is over.",
    Sort.FAILED_TO_APPLY: "Your ticket could not be carried out.",
    Sort.FAILED_TO_UNDO: "A window ended and its change may still be in the cluster.",
    Sort.STALLED: "The pods of your ticket's workload do not come to run with its change, or without it.",
    Sort.DRIFT: "Somebody changed in the cluster what your ticket had written.",
    Sort.BREAK_GLASS: "Somebody opened a window without asking first.",
    Sort.REVIEW_DUE: "A broken glass is to be reviewed by you.",
    Sort.RECERTIFICATION: "A long exception must be confirmed, or ended for want of it.",
    Sort.LAPSED: "Nobody decided on your ticket in time.",
    Sort.NUDGED: "You are reminded of a ticket that waits for you.",
    Sort.AUTOMATIC: "The policy approved a ticket by itself.",
    Sort.HANDED_OVER: "A ticket has somebody else to answer for it.",
    Sort.HOLE: "An operator made a ticket of a hole in your encryption, to keep it for a while or to close it.",
    Sort.CERTIFICATE_ENDS: "A certificate of a cluster's mesh ends soon, or has ended.",
}
