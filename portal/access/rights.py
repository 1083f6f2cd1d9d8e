"""Who may do what: the one table of actions by role and token scope. Verbs call `check`; docs/access.md shows it.

Which people decide on a ticket, its rule says (`portal.tickets.deciding`); here is only what a token needs for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from portal.access.actor import SEES_EVERYTHING, TENANT_ROLES, Actor, Scope
from portal.errors import Forbidden
from portal.models.registry import Role


class Action(StrEnum):
    """What somebody does; the value reads after `may`."""

    READ = "read"
    ASK = "ask"
    COMMENT = "comment on"
    PREFLIGHT = "have the preflight run of"
    NUDGE = "send a reminder of"
    DECIDE = "decide on"
    QUESTION = "put a question on"
    ANSWER = "answer the question on"
    WITHDRAW = "withdraw"
    RELEASE = "release"
    REAPPLY = "reapply"
    RETRY = "retry"
    REVOKE = "revoke"
    BREAK_GLASS = "break the glass for"
    REVIEW = "review"
    RECERTIFY = "recertify"
    FULFIL = "take, fulfil or decline"
    REROUTE = "route again"
    DELEGATE = "delegate decisions in"
    REJECT_TEMPLATES = "keep reasons to reject for"
    SERVICES = "keep services of"
    PAUSE = "pause and resume clusters"
    REVOKE_ALL = "revoke everything at once"
    PEOPLE = "deactivate people and end their sessions"
    PEOPLE_LIST = "read the list of people"
    DELIVERIES = "read the log of deliveries"


@dataclass(frozen=True)
class Right:
    """Who may do one thing: any of the roles, or who asked for the ticket; the token needs the scope."""

    scope: Scope
    roles: frozenset[Role]
    requester: bool = False


_READERS = TENANT_ROLES | SEES_EVERYTHING
_HELPED = TENANT_ROLES | {Role.OPERATOR}
_DECIDERS = frozenset({Role.OWNER, Role.PARTNER, Role.OPERATOR})
_OPERATOR = frozenset({Role.OPERATOR})

# What somebody may do in an absent person's place, too.
IN_PLACE_OF_ANOTHER = frozenset({Action.DECIDE, Action.QUESTION, Action.REVIEW, Action.RECERTIFY})

RIGHTS: dict[Action, Right] = {
    Action.READ: Right(Scope.READ, _READERS),
    Action.ASK: Right(Scope.REQUEST, TENANT_ROLES),
    Action.COMMENT: Right(Scope.REQUEST, _HELPED),
    Action.PREFLIGHT: Right(Scope.REQUEST, _HELPED),
    Action.NUDGE: Right(Scope.REQUEST, TENANT_ROLES),
    # Any person whom the rule of the ticket names: roles, groups and people.
    Action.DECIDE: Right(Scope.DECIDE, _DECIDERS),
    Action.QUESTION: Right(Scope.DECIDE, _DECIDERS),
    Action.ANSWER: Right(Scope.REQUEST, frozenset({Role.MEMBER, Role.OWNER}), requester=True),
    Action.WITHDRAW: Right(Scope.REQUEST, frozenset({Role.OWNER}), requester=True),
    Action.RELEASE: Right(Scope.REQUEST, frozenset({Role.OWNER}), requester=True),
    Action.REAPPLY: Right(Scope.REQUEST, frozenset({Role.OWNER}), requester=True),
    Action.RETRY: Right(Scope.REQUEST, _DECIDERS, requester=True),
    Action.REVOKE: Right(Scope.DECIDE, _DECIDERS),
    Action.BREAK_GLASS: Right(Scope.REQUEST, TENANT_ROLES),
    Action.REVIEW: Right(Scope.DECIDE, _DECIDERS),
    Action.RECERTIFY: Right(Scope.DECIDE, _DECIDERS),
    Action.FULFIL: Right(Scope.OPERATE, _OPERATOR),
    Action.REROUTE: Right(Scope.OPERATE, _OPERATOR),
    Action.DELEGATE: Right(Scope.DECIDE, _DECIDERS),
    Action.REJECT_TEMPLATES: Right(Scope.DECIDE, frozenset({Role.OWNER, Role.PARTNER})),
    Action.SERVICES: Right(Scope.OPERATE, frozenset({Role.OWNER, Role.PARTNER, Role.OPERATOR})),
    Action.PAUSE: Right(Scope.OPERATE, _OPERATOR),
    Action.REVOKE_ALL: Right(Scope.OPERATE, _OPERATOR),
    Action.PEOPLE: Right(Scope.OPERATE, _OPERATOR),
    Action.PEOPLE_LIST: Right(Scope.READ, SEES_EVERYTHING),
    Action.DELIVERIES: Right(Scope.OPERATE, SEES_EVERYTHING),
}

WORDS: dict[Role, str] = {
    Role.MEMBER: "a member",
    Role.OWNER: "an owner",
    Role.PARTNER: "a security partner",
    Role.OPERATOR: "a platform operator",
    Role.AUDITOR: "an auditor",
}


def check(by: Actor, action: Action, what: str, *, tenant_id: int | None, requester_id: int | None = None) -> None:
    """Raise Forbidden, in a sentence that names `what` and who may, unless the actor has the right and the scope.

    `tenant_id` None is for what belongs to the platform: only platform roles count. The system itself may do all.
    """
    if by.person_id is None:
        return
    right = RIGHTS[action]
    roles = by.platform_roles if tenant_id is None else by.roles_in(tenant_id)
    if tenant_id is not None and action in IN_PLACE_OF_ANOTHER:
        roles |= by.covered_roles_in(tenant_id)
    asked_it = right.requester and requester_id is not None and requester_id == by.person_id
    if not asked_it and not roles & right.roles:
        raise Forbidden(f"Only {who(right)} may {f'{action} {what}'.strip()}.")
    need_scope(by, right.scope, f"{action} {what}".strip())


def need_scope(by: Actor, scope: Scope, deed: str) -> None:
    """Raise Forbidden unless the token that is used has the scope."""
    if scope not in by.scopes:
        raise Forbidden(f"This token lacks the scope `{scope}`, which it takes to {deed}: use one that has it.")


def who(right: Right) -> str:
    """`who asked for it, an owner or a platform operator`: the people who have a right, in the order of their roles."""
    people = ["who asked for it"] if right.requester else []
    people += [words for role, words in WORDS.items() if role in right.roles]
    return " or ".join([", ".join(people[:-1]), people[-1]] if len(people) > 1 else people)
