"""Pieces of CEL that the guard's rules are made of: sets of ports, injection, the weight of inbound policies. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence

PORT = "'^[0-9]{1,5}(-[0-9]{1,5})?$'"
# From what lets in everybody to what lets in nobody; a value that Linkerd does not know counts as the weakest.
POLICIES = (
    "audit",
    "all-unauthenticated",
    "cluster-unauthenticated",
    "all-authenticated",
    "cluster-authenticated",
    "deny",
)


def text(value: str) -> str:
    """A literal; JSON's escapes are CEL's too."""
    return json.dumps(value)


def texts(values: Sequence[str]) -> str:
    """A list of literals."""
    return f"[{', '.join(text(value) for value in values)}]"


def value(where: str, key: str, default: str = "''") -> str:
    """The annotation `key` in variable `where`, else the default."""
    return f"variables.{where}[?{text(key)}].orValue({default})"


def inherited(where: str, key: str, default: str) -> str:
    """What counts: the annotation of the template, else the namespace's, else the control plane's default."""
    return value(where, key, value("around", key, text(default)))


def is_on(expression: str) -> str:
    """Whether a value of `linkerd.io/inject` asks for a proxy."""
    return f"{expression} in ['enabled', 'ingress']"


def is_off(expression: str) -> str:
    """Whether it keeps the proxy away: `disabled`, and whatever Linkerd does not know."""
    return f"!({expression} in ['', 'enabled', 'ingress'])"


def is_true(expression: str) -> str:
    """Whether Linkerd reads it as true."""
    return f"{expression} in ['1', 't', 'T', 'TRUE', 'true', 'True']"


def spans(expression: str) -> str:
    """The ranges [first, last] of a comma-separated list; what is no port is left out."""
    ports = f"{expression}.split(',').filter(t, t.matches({PORT}))"
    return f"{ports}.map(t, t.split('-')).map(p, [int(p[0]), int(p[size(p) - 1])])"


def covered(spans_in: str) -> str:
    """Whether range `s` is in one of these ranges, or in several that meet: there is no first port that is in none."""
    one = f"{spans_in}.exists(r, r[0] <= s[0] && s[1] <= r[1])"
    begins = f"{spans_in}.exists(r, r[0] <= s[0] && s[0] <= r[1])"
    goes_on = f"{spans_in}.exists(q, q[0] <= r[1] + 1 && r[1] + 1 <= q[1])"
    return f"{one} || ({begins} && {spans_in}.all(r, r[1] < s[0] || r[1] >= s[1] || {goes_on}))"


def rank(expression: str) -> str:
    """How much a default inbound policy asks of callers; -1 for one that Linkerd does not know."""
    table = ", ".join(f"{text(name)}: {position}" for position, name in enumerate(POLICIES))
    return f"{{{table}}}[?{expression}].orValue(-1)"
