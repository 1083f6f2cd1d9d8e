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
    TOKENS = "make and revoke tokens of"
    ALL_TOKENS = "list the tokens of everybody"
    REVOKE_TOKENS = "revoke tokens of others"
    PAUSE = "pause and resume clusters"
    GIVE_UP = "say that a cluster is gone for good"
    REVOKE_ALL = "revoke everything at once"
    PEOPLE = "deactivate people and end their sessions"
    PEOPLE_LIST = "read the list of people"
    PREFER = "change how they are told"
    FILTERS = "keep views of the list of tickets"
    VERIFY = "verify the whole audit trail"
    DELIVERIES = "read the log of deliveries"
    RETRY_DELIVERY = "have a delivery tried again"
    OVERSEE = "read the pages of Admin"
    GUARD = "put the guard of clusters into force"
    GUARD_RULES = "read the rules of the guard"
    ADOPT = "turn findings into tickets"
    REVERT_HOLE = "close holes by ticket"


@dataclass(frozen=True)
class Right:
    """Who may do one thing: any of the roles, who asked for the ticket, or whom its rule names by group or name.

    The token needs the scope. `anybody` is for what people do with what is their own, whatever their roles, `stand_in`
    for what somebody may do in an absent person's place too.
    """

    scope: Scope
    roles: frozenset[Role]
    requester: bool = False
    named: bool = False
    anybody: bool = False
    stand_in: bool = False


_READERS = TENANT_ROLES | SEES_EVERYTHING
_HELPED = TENANT_ROLES | {Role.OPERATOR}
_DECIDERS = frozenset({Role.OWNER, Role.PARTNER, Role.OPERATOR})
_OPERATOR = frozenset({Role.OPERATOR})

RIGHTS: dict[Action, Right] = {
    Action.READ: Right(Scope.READ, _READERS, named=True),
    Action.ASK: Right(Scope.REQUEST, TENANT_ROLES),
    Action.COMMENT: Right(Scope.REQUEST, _HELPED, named=True),
    Action.PREFLIGHT: Right(Scope.REQUEST, _HELPED, named=True),
    Action.NUDGE: Right(Scope.REQUEST, TENANT_ROLES),
    # Of these, those whom the rule of the ticket asks.
    Action.DECIDE: Right(Scope.DECIDE, _DECIDERS, named=True, stand_in=True),
    Action.QUESTION: Right(Scope.DECIDE, _DECIDERS, named=True, stand_in=True),
    Action.ANSWER: Right(Scope.REQUEST, frozenset({Role.MEMBER, Role.OWNER}), requester=True),
    Action.WITHDRAW: Right(Scope.REQUEST, frozenset({Role.OWNER}), requester=True),
    Action.RELEASE: Right(Scope.REQUEST, frozenset({Role.OWNER}), requester=True),
    Action.REAPPLY: Right(Scope.REQUEST, frozenset({Role.OWNER}), requester=True),
    Action.RETRY: Right(Scope.REQUEST, _DECIDERS, requester=True),
    Action.REVOKE: Right(Scope.DECIDE, _DECIDERS, named=True),
    Action.BREAK_GLASS: Right(Scope.REQUEST, TENANT_ROLES),
    Action.REVIEW: Right(Scope.DECIDE, _DECIDERS, stand_in=True),
    Action.RECERTIFY: Right(Scope.DECIDE, _DECIDERS, named=True, stand_in=True),
    Action.FULFIL: Right(Scope.OPERATE, _OPERATOR),
    Action.REROUTE: Right(Scope.OPERATE, _OPERATOR),
    Action.DELEGATE: Right(Scope.DECIDE, _DECIDERS),
    Action.REJECT_TEMPLATES: Right(Scope.DECIDE, frozenset({Role.OWNER, Role.PARTNER})),
    Action.SERVICES: Right(Scope.OPERATE, frozenset({Role.OWNER, Role.PARTNER, Role.OPERATOR})),
    Action.TOKENS: Right(Scope.REQUEST, frozenset(Role), anybody=True),
    Action.ALL_TOKENS: Right(Scope.READ, SEES_EVERYTHING),
    Action.REVOKE_TOKENS: Right(Scope.OPERATE, _OPERATOR),
    Action.PAUSE: Right(Scope.OPERATE, _OPERATOR),
    Action.GIVE_UP: Right(Scope.OPERATE, _OPERATOR),
    Action.REVOKE_ALL: Right(Scope.OPERATE, _OPERATOR),
    Action.PEOPLE: Right(Scope.OPERATE, _OPERATOR),
    Action.PEOPLE_LIST: Right(Scope.READ, SEES_EVERYTHING),
    Action.PREFER: Right(Scope.REQUEST, frozenset(Role), anybody=True),
    Action.FILTERS: Right(Scope.REQUEST, frozenset(Role), anybody=True),
    Action.VERIFY: Right(Scope.READ, SEES_EVERYTHING),
    Action.DELIVERIES: Right(Scope.READ, SEES_EVERYTHING),
    Action.RETRY_DELIVERY: Right(Scope.OPERATE, _OPERATOR),
    Action.OVERSEE: Right(Scope.READ, SEES_EVERYTHING),
    Action.GUARD: Right(Scope.OPERATE, _OPERATOR),
    Action.GUARD_RULES: Right(Scope.READ, SEES_EVERYTHING),
    Action.ADOPT: Right(Scope.OPERATE, _OPERATOR),
    # It makes the encryption stronger: no approval is asked for it, and it is nothing to decide on one's own ticket.
    Action.REVERT_HOLE: Right(Scope.OPERATE, _OPERATOR),
}

WORDS: dict[Role, str] = {
    Role.MEMBER: "a member",
    Role.OWNER: "an owner",
    Role.PARTNER: "a security partner",
    Role.OPERATOR: "a platform operator",
    Role.AUDITOR: "an auditor",
}


@dataclass(frozen=True)
class Thing:
    """What something is done to: its name in sentences, and whose it is.

    `tenant_id` None is for what belongs to the platform: only platform roles count. `hats` are those that the ticket's
    rule asks for by group or name.
    """

    name: str
    tenant_id: int | None = None
    requester_id: int | None = None
    hats: frozenset[str] = frozenset()


def check(by: Actor, action: Action, what: str, *, tenant_id: int | None, requester_id: int | None = None) -> None:
    """Raise Forbidden, in a sentence that names `what` and who may, unless the actor has the right and the scope.

    `tenant_id` None is for what belongs to the platform: only platform roles count. The system itself may do all.
    """
    check_thing(by, action, Thing(what, tenant_id, requester_id))


def check_thing(by: Actor, action: Action, thing: Thing) -> None:
    """The same, where the rule of a ticket may name the actor by group or name."""
    if by.person_id is None:
        return
    right, deed = RIGHTS[action], f"{action} {thing.name}".strip()
    if not (right.anybody or _concerned(by, right, thing)):
        raise Forbidden(f"Only {who(right)} may {deed}.")
    need_scope(by, right.scope, deed)


def _concerned(by: Actor, right: Right, thing: Thing) -> bool:
    roles = by.platform_roles if thing.tenant_id is None else by.roles_in(thing.tenant_id)
    if thing.tenant_id is not None and right.stand_in:
        roles |= by.covered_roles_in(thing.tenant_id)
    asked_it = right.requester and thing.requester_id is not None and thing.requester_id == by.person_id
    return asked_it or bool(roles & right.roles) or (right.named and bool(by.named_hats & thing.hats))


def need_scope(by: Actor, scope: Scope, deed: str) -> None:
    """Raise Forbidden unless the token that is used has the scope."""
    if scope not in by.scopes:
        raise Forbidden(f"This token lacks the scope `{scope}`, which it takes to {deed}: use one that has it.")


def who(right: Right) -> str:
    """`who asked for it, an owner or a platform operator`: the people who have a right, in the order of their roles."""
    people = ["who asked for it"] if right.requester else []
    people += [words for role, words in WORDS.items() if role in right.roles]
    people += ["whom its rule names"] if right.named else []
    return " or ".join([", ".join(people[:-1]), people[-1]] if len(people) > 1 else people)
