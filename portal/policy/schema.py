"""The format of policy.yaml: what load_policy accepts, and every rule that a policy must keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates, validates_schema

from portal.configuration_files import refuse
from portal.fields import Duration, Flag, Several, dns_label
from portal.policy.coverage import unreachable
from portal.policy.rules import Approval, BreakGlass, Route, Rule, When
from portal.policy.vocabulary import ENCRYPTIONS, ENVIRONMENTS, GROUPS, KINDS, MODES

_MOST_PEOPLE = 20
_CONTRADICTION = "An automatic rule asks nobody: remove the approvals, or say `automatic: false`."
_NOBODY = "Nobody could approve: name who does, or say `automatic: true`."
_NOBODY_LATER = "Say who approves once this day is over, or leave it out."
_NOT_AUTOMATIC = "Only an automatic rule ends on a day: say `automatic: true`, or leave this out."
_LONGEST_BREAK_GLASS = timedelta(hours=2)
_NO_FALLBACK = "Name the groups that count where nobody of an approving group is left, or leave this out."
_NO_LIMIT = "Say the longest time (like P30D), or `may_stand_without_end: true`."


class Day(fields.Date):
    """A calendar day (UTC), with or without quotes in YAML."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return value if type(value) is date else super()._deserialize(value, attr, data, **kwargs)


def _one_of(choices: tuple[str, ...], **more: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(choices), **more)


def _any_of(choices: tuple[str, ...]) -> Several:
    return Several(_one_of(choices), load_default=None)


def _groups(**more: Any) -> fields.List[str]:
    return fields.List(_one_of(GROUPS), **more)


class WhenSchema(Schema):
    """What a rule matches; what is left out matches any."""

    kind = _any_of(KINDS)
    environment = _any_of(ENVIRONMENTS)
    mode = _any_of(MODES)
    application_encryption = _any_of(ENCRYPTIONS)
    tenant = Several(fields.String(validate=dns_label), load_default=None)

    @post_load
    def _made(self, data: Mapping[str, list[str] | None], **_: Any) -> When:
        return When(**{name: None if values is None else tuple(values) for name, values in data.items()})


class ApprovalSchema(Schema):
    """How many people of which group must approve."""

    from_ = _one_of(GROUPS, required=True, data_key="from")
    count = fields.Integer(
        strict=True,
        load_default=1,
        validate=validate.Range(1, _MOST_PEOPLE, error=f"Write a number of people from 1 to {_MOST_PEOPLE}."),
    )

    @post_load
    def _made(self, data: Mapping[str, Any], **_: Any) -> Approval:
        return Approval(**data)


class BreakGlassSchema(Schema):
    """Whether somebody may go first and be reviewed afterwards."""

    allowed = Flag(required=True)
    longest = Duration(load_default=None)
    review = _one_of(GROUPS, load_default=None)
    review_within = Duration(load_default=BreakGlass.review_within)

    @validates("longest")
    def _short(self, longest: timedelta | None, **_: Any) -> None:
        if longest is not None and longest > _LONGEST_BREAK_GLASS:
            raise ValidationError("Break-glass lasts two hours at most: write PT2H or less.")

    @validates_schema
    def _complete(self, data: Mapping[str, Any], **_: Any) -> None:
        missing = {name for name in ("longest", "review") if data["allowed"] and data[name] is None}
        if missing:
            raise ValidationError({name: ["Break-glass that is allowed must say this."] for name in missing})

    @post_load
    def _made(self, data: Mapping[str, Any], **_: Any) -> BreakGlass:
        return BreakGlass(**data)


class RuleSchema(Schema):
    """One rule: what it matches and where it routes to."""

    name = fields.String(required=True, validate=dns_label)
    when = fields.Nested(WhenSchema, load_default=When())
    approvals = fields.List(fields.Nested(ApprovalSchema), load_default=list)
    fallback = _groups(load_default=None, validate=validate.Length(1, error=_NO_FALLBACK))
    automatic = Flag(load_default=False)
    longest = Duration(load_default=None)
    may_stand_without_end = Flag(load_default=False)
    renewal = Flag(load_default=True)
    tell = _groups(load_default=list)
    reminders = fields.List(Duration(), load_default=list)
    break_glass = fields.Nested(BreakGlassSchema, load_default=None)
    lapses_after = Duration(load_default=Route.lapses_after)
    remind_deciders_after = fields.List(Duration(), load_default=lambda: list(Route.remind_deciders_after))
    recertify_every = Duration(load_default=None)
    automatic_until = Day(load_default=None, error_messages={"invalid": "Write a day like 2027-03-31."})
    reason = fields.String(load_default="")

    @validates_schema
    def _somebody_or_nobody(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["automatic_until"] is not None:
            _ends_well(data)
            return
        if data["automatic"] and data["approvals"]:
            raise ValidationError(_CONTRADICTION, "automatic")
        if not data["automatic"] and not data["approvals"]:
            raise ValidationError(_NOBODY, "approvals")

    @validates_schema
    def _groups_once(self, data: Mapping[str, Any], **_: Any) -> None:
        groups = [approval.from_ for approval in data["approvals"]]
        again = [index for index, group in enumerate(groups) if group in groups[:index]]
        refuse(
            (("approvals", index, "from"), "This group stands here already: raise its count instead.")
            for index in again
        )

    @validates_schema
    def _limited(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["longest"] is None and not data["may_stand_without_end"]:
            raise ValidationError(_NO_LIMIT, "longest")

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Rule:
        when, name = data.pop("when"), data.pop("name")
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        values["reason"] = data["reason"].strip() or _plainly(data["approvals"])
        return Rule(when, Route(rule=name, **values))


class PolicySchema(Schema):
    """A whole policy.yaml; loads its rules."""

    version = fields.Integer(
        required=True, strict=True, validate=validate.Equal(1, error="Write 1: there is no other yet.")
    )
    rules = fields.List(
        fields.Nested(RuleSchema), required=True, validate=validate.Length(1, error="Write at least one rule.")
    )

    @validates_schema
    def _each_rule_has_its_name(self, data: Mapping[str, Any], **_: Any) -> None:
        names = [rule.name for rule in data["rules"]]
        first = [names.index(name) for name in names]
        again = ((index, before) for index, before in enumerate(first) if before < index)
        refuse((("rules", i, "name"), f"rules[{before}] is called {names[i]!r} too: keep one.") for i, before in again)

    @validates_schema
    def _each_rule_is_reached(self, data: Mapping[str, Any], **_: Any) -> None:
        refuse((("rules", index), sentence) for index, sentence in unreachable(data["rules"]).items())

    @post_load
    def _made(self, data: Mapping[str, Any], **_: Any) -> tuple[Rule, ...]:
        return tuple(data["rules"])


def _ends_well(data: Mapping[str, Any]) -> None:
    if not data["automatic"]:
        raise ValidationError(_NOT_AUTOMATIC, "automatic_until")
    if not data["approvals"]:
        raise ValidationError(_NOBODY_LATER, "approvals")


def _plainly(approvals: Sequence[Approval]) -> str:
    """The reason of a rule that gives none: `Approved by one security partner and 2 tenant owners.`"""
    said = [
        f"{'one' if approval.count == 1 else approval.count} {approval.from_.replace('-', ' ')}"
        + ("" if approval.count == 1 else "s")
        for approval in approvals
    ]
    return f"Approved by {' and '.join(said) or 'the policy itself'}."
