"""Groups of approvers that nobody is in as far as the database knows: `meshdesk registry apply` warns of them."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Person, PersonGroup
from portal.registry.state import Found, Path, RegistryFile

_UNHEARD = (
    "Nobody of group {!r} has ever signed in, so nobody of it can decide: see that the identity provider calls it so, "
    "have somebody of it sign in, or name a person."
)


def unheard_groups(session: Session, registry: RegistryFile) -> list[Found]:
    """Each group of those who decide of which nobody active has ever signed in, with its path and the fix."""
    heard = set(session.scalars(select(PersonGroup.name).join(Person).where(Person.may_act)))
    return [(path, _UNHEARD.format(name)) for path, name in _groups(registry) if name not in heard]


def _groups(registry: RegistryFile) -> Iterator[tuple[Path, str]]:
    lists: list[tuple[Path, tuple[str, ...]]] = [(("operator_groups",), registry.operator_groups)]
    for at, tenant in enumerate(registry.tenants):
        lists.append((("tenants", at, "groups", "owners"), tenant.groups.owners))
        lists.append((("tenants", at, "groups", "security_partners"), tenant.groups.security_partners))
    yield from (((*path, index), name) for path, names in lists for index, name in enumerate(names))
