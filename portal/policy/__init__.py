"""The routing table: who must approve what, and for how long. Verbs ask `route`; `meshdesk policy` checks and explains.

Pure: the policy in force is a row that the caller reads; this package only knows text.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from portal.configuration_files import load_yaml
from portal.policy.coverage import falls_through
from portal.policy.routing import NotRouted, Step, bounded, explain, route, strictest
from portal.policy.rules import Approval, BreakGlass, Policy, Route, Rule, When
from portal.policy.schema import PolicySchema
from portal.policy.vocabulary import Facts

__all__ = [
    "Approval",
    "BreakGlass",
    "Facts",
    "NotRouted",
    "Policy",
    "Route",
    "Rule",
    "Step",
    "When",
    "bounded",
    "default_policy",
    "explain",
    "falls_through",
    "load_policy",
    "route",
    "strictest",
]

_SCHEMA = PolicySchema()


def load_policy(text: str, name: str = "policy.yaml") -> Policy:
    """The policy that the text says; raises FileInvalid naming every problem with its line, unreachable rules too."""
    return Policy(load_yaml(text, _SCHEMA, name=name), text)


@cache
def default_policy() -> Policy:
    """The policy that the product comes with; it matches every request that there can be."""
    return load_policy((resources.files(__name__) / "default.yaml").read_text("utf-8"), "default.yaml")
