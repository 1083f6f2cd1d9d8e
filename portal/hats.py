"""What a rule may call those who approve: a role, `group:NAME` of the identity provider, or `person:NAME`."""

from __future__ import annotations

GROUP, PERSON = "group:", "person:"


def is_named(hat: str) -> bool:
    """True for a group or a person by name, False for a role."""
    return hat.startswith((GROUP, PERSON))


def words_of(hat: str, count: int) -> str:
    """`one security partner`, `2 tenant owners`, `one of group sec-leads`, `amira`."""
    number = "one" if count == 1 else str(count)
    if hat.startswith(PERSON):
        return hat.removeprefix(PERSON)
    if hat.startswith(GROUP):
        return f"{number} of group {hat.removeprefix(GROUP)}"
    return f"{number} {hat.replace('-', ' ')}{'' if count == 1 else 's'}"
