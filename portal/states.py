"""The states of a ticket and the moves between them: pure, and the only place that says what may follow what."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a ticket is on its way."""

    PENDING = "pending"
    APPROVED = "approved"
    APPLYING = "applying"
    ACTIVE = "active"
    REVERTING = "reverting"
    CLOSED = "closed"
    FAILED = "failed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class Outcome(StrEnum):
    """Why a ticket ended; set when it leaves for REVERTING and final with CLOSED."""

    EXPIRED = "expired"
    RELEASED = "released"
    REVOKED = "revoked"
    REPLACED = "replaced"
    FAILED = "failed"
    TARGET_GONE = "target gone"
    FULFILLED = "fulfilled"
    UNPROVEN = "unproven"


class Adopts(StrEnum):
    """What becomes of what was in the cluster before its ticket."""

    KEEP = "keep"
    """It stays until the window ends."""
    CLOSE = "close"
    """It is taken out as soon as it was taken over."""


MOVES: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.APPROVED, State.REJECTED, State.WITHDRAWN, State.LAPSED}),
    State.APPROVED: frozenset({State.APPLYING, State.WITHDRAWN, State.LAPSED, State.CLOSED}),
    State.APPLYING: frozenset({State.ACTIVE, State.REVERTING, State.APPROVED, State.FAILED}),
    State.ACTIVE: frozenset({State.REVERTING}),
    State.FAILED: frozenset({State.APPROVED, State.WITHDRAWN, State.LAPSED}),
    State.REVERTING: frozenset({State.CLOSED}),
    State.CLOSED: frozenset(),
    State.REJECTED: frozenset(),
    State.WITHDRAWN: frozenset(),
    State.LAPSED: frozenset(),
}

# Once something may have been written to a cluster, a ticket leaves APPLYING only forwards or through the undo.
MOVES_ONLY_WHILE_UNWRITTEN = frozenset({(State.APPLYING, State.APPROVED), (State.APPLYING, State.FAILED)})

TERMINAL = frozenset(state for state, following in MOVES.items() if not following)

# What a second ticket of the same content would duplicate; the partial unique index is made of these.
OCCUPYING = frozenset({State.PENDING, State.APPROVED, State.APPLYING, State.ACTIVE, State.FAILED})

# Its window was never opened: such a ticket is withdrawn, not undone.
NOT_BEGUN = frozenset({State.PENDING, State.APPROVED, State.FAILED})

# What a worker still has to carry on with.
MOVING = frozenset({State.APPROVED, State.APPLYING, State.REVERTING})


def may_move(before: State, after: State, *, written: bool) -> bool:
    """True when `before` may be followed by `after`; `written` says that a cluster may have been touched."""
    if written and (before, after) in MOVES_ONLY_WHILE_UNWRITTEN:
        return False
    return after in MOVES[before]
