"""The policy in force as a table, and which rule a request would meet."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from marshmallow import fields, validate

from portal.api.context import parts
from portal.api.schema_base import NAME, NEEDED, Input
from portal.errors import Invalid
from portal.kinds.registry import kind_named
from portal.policy import Facts, Policy, bounded, default_policy, explain, falls_through
from portal.policy.vocabulary import ENCRYPTIONS, ENVIRONMENTS, KINDS, MODES, every_request
from portal.policy.wording import approvals_words, longest_words, route_words, when_words
from portal.policy_store import current_policy
from portal.queries import oversight
from portal.web import sent, sessions
from portal.web.admin.frame import admin_page, admit
from portal.web.admin.registry import text_file
from portal.web.blueprint import blueprint
from portal.web.doing import Refused, chosen

PATH = "/admin/policy"
VERSIONS = 10
UNPROCESSABLE = 422


def _one_of(words: tuple[str, ...], **options: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(words, error=f"Use one of {', '.join(words)}."), **options)


class QuestionSchema(Input):
    """A request of which one wants to know the rule."""

    kind = _one_of(KINDS, required=True, error_messages=NEEDED)
    environment = _one_of(ENVIRONMENTS, required=True, error_messages=NEEDED)
    tenant = fields.String(load_default="any", validate=NAME)
    mode = _one_of(MODES, load_default=None)
    application_encryption = _one_of(ENCRYPTIONS, load_default=None)


QUESTION = QuestionSchema()


@blueprint.get(PATH)
def show_policy() -> Response:
    """Show the rules in force and, where the address asks, which of them a request would meet."""
    if g.web_session is None:
        return sessions.sign_in_first()
    admit()
    with parts().database.reading() as session:
        policy, versions = current_policy(session), oversight.policy_versions(session, limit=VERSIONS)
    asked = chosen()
    answered, refused = _answered(policy, asked) if asked else (None, None)
    return admin_page(
        "policy.html",
        200 if refused is None else refused.status,
        rules=[_row(rule) for rule in policy.rules],
        policy=policy,
        versions=versions,
        own=policy.digest == default_policy().digest,
        warnings=falls_through(policy),
        answered=answered,
        refused=refused,
        asked=asked,
        choices=CHOICES,
    )


CHOICES = (
    ("kind", "Kind", KINDS, True),
    ("environment", "Environment", ENVIRONMENTS, True),
    ("mode", "Mode", MODES, False),
    ("application_encryption", "Application encrypts", ENCRYPTIONS, False),
)
"""The choices of the form: field, words, values, and whether one is needed."""


@blueprint.get(f"{PATH}/file")
def policy_file() -> Response:
    """The policy in force, as it was written."""
    admit()
    with parts().database.reading() as session:
        found = current_policy(session)
    return text_file(found.text, "policy.yaml")


def _row(rule: Any) -> dict[str, Any]:
    route = rule.route
    return {
        "name": rule.name,
        "when": when_words(rule.when),
        "route": route,
        "approvals": approvals_words(route),
        "longest": longest_words(route),
    }


def _answered(policy: Policy, asked: dict[str, str]) -> tuple[dict[str, Any] | None, Refused | None]:
    try:
        facts = Facts(**sent.load(QUESTION, asked))
        _refuse_what_cannot_be(facts)
    except Invalid as error:
        fields_ = frozenset(error.errors)
        return None, Refused("explain", sent.sentence_of(error), UNPROCESSABLE, asked, fields_)
    return _answer(policy, facts), None


def _refuse_what_cannot_be(facts: Facts) -> None:
    """Raise Invalid for facts that no request has: the answer would be about nothing."""
    there_are = [one for one in every_request(facts.tenant) if one.kind == facts.kind]
    modes = dict.fromkeys(one.mode for one in there_are)
    if facts.mode not in modes:
        named = ", ".join(mode for mode in modes if mode)
        raise Invalid({"mode": [f"Say which mode: {named}." if named else f"{facts.kind} has no mode: leave it out."]})
    if facts not in there_are:
        encrypts = [one.application_encryption for one in there_are if one.mode == facts.mode]
        needs = any(encrypts)
        said = f"Say whether its application encrypts: {', '.join(ENCRYPTIONS)}."
        less = "Whether the application encrypts does not matter for it: leave it out."
        raise Invalid({"application_encryption": [said if needs else less]})


def _answer(policy: Policy, facts: Facts) -> dict[str, Any]:
    steps = explain(policy, facts)
    matched = bool(steps) and steps[-1].matched
    route = bounded(policy.rules[len(steps) - 1].route, kind_named(facts.kind).longest) if matched else None
    return {
        "facts": facts,
        "rule": steps[-1].rule if matched else None,
        "route": route,
        "words": [] if route is None else route_words(route),
        "missed": steps[:-1] if matched else steps,
    }
