"""The context of one look: what the targets of a ticket share is read once. preflight.py and probe/ make it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from workers.context import Context

T = TypeVar("T")
Key = tuple[str, ...]


@dataclass(frozen=True)
class Looking(Context):
    """A context whose `shared` remembers what was read, for as long as one look at one ticket takes."""

    shared: dict[Key, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, context: Context) -> Looking:
        """A look that remembers nothing yet."""
        return cls(**vars(context))


def once(context: Context, key: Key, read: Callable[[], T]) -> T:
    """What `read` gives; within one look it is called once for a key. What it raises is not remembered."""
    if not isinstance(context, Looking):
        return read()
    if key not in context.shared:
        context.shared[key] = read()
    found: T = context.shared[key]
    return found
