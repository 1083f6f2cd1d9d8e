"""Who acts: a person with roles, or the system itself. Every verb takes one; no verb asks anything else who it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from portal.hats import GROUP, PERSON
from portal.models.registry import Role

TENANT_ROLES = frozenset({Role.MEMBER, Role.OWNER, Role.PARTNER})
SEES_EVERYTHING = frozenset({Role.OPERATOR, Role.AUDITOR})


class Scope(StrEnum):
    """What a token may be used for; `read` goes with each of the others."""

    READ = "read"
    REQUEST = "request"
    DECIDE = "decide"
    OPERATE = "operate"


EVERY_SCOPE = frozenset(Scope)


@dataclass(frozen=True)
class Absence:
    """Somebody who is away, in whose place the actor decides in one tenant, with the roles that they have there."""

    person_id: int
    name: str
    tenant_id: int
    roles: frozenset[Role]


@dataclass(frozen=True)
class Actor:
    """Somebody who acts; `person_id` is None for the system.

    `groups` are the identity provider's, `owner_id` is the person that a service belongs to, `scopes` are those of the
    token that is used, `absences` count for deciding alone.
    """

    name: str
    title: str = ""
    person_id: int | None = None
    tenant_roles: frozenset[tuple[int, Role]] = frozenset()
    platform_roles: frozenset[Role] = frozenset()
    groups: frozenset[str] = frozenset()
    owner_id: int | None = None
    scopes: frozenset[Scope] = EVERY_SCOPE
    absences: frozenset[Absence] = frozenset()

    def roles_in(self, tenant_id: int) -> frozenset[Role]:
        """The roles that count for a ticket of this tenant, platform roles included."""
        return self.platform_roles | {role for tenant, role in self.tenant_roles if tenant == tenant_id}

    def covered_roles_in(self, tenant_id: int) -> frozenset[Role]:
        """The roles of those whom the actor stands in for in this tenant."""
        return frozenset(role for one in self.absences if one.tenant_id == tenant_id for role in one.roles)

    @property
    def named_hats(self) -> frozenset[str]:
        """What a rule may call the actor besides roles: `person:NAME`, and `group:NAME` of each group."""
        if self.person_id is None:
            return frozenset()
        return frozenset({PERSON + self.name, *(GROUP + name for name in self.groups)})

    def hats_in(self, tenant_id: int) -> frozenset[str]:
        """Everything that a rule may ask of an approver and the actor is for this tenant: roles, groups, the name."""
        return frozenset({*self.roles_in(tenant_id), *self.named_hats})

    def sees(self, tenant_id: int) -> bool:
        """True when tickets of this tenant exist for this actor at all."""
        return self.sees_everything or bool(self.roles_in(tenant_id) & TENANT_ROLES)

    @property
    def sees_everything(self) -> bool:
        """True for operators, auditors and the system itself."""
        return self.person_id is None or bool(self.platform_roles & SEES_EVERYTHING)

    @property
    def is_operator(self) -> bool:
        """True for platform operators."""
        return Role.OPERATOR in self.platform_roles

    @property
    def voice_id(self) -> int | None:
        """Whose word the actor's is: a service speaks with its owner's."""
        return self.person_id if self.owner_id is None else self.owner_id

    @property
    def tenant_ids(self) -> frozenset[int]:
        """The tenants in which the actor has a role."""
        return frozenset(tenant for tenant, _ in self.tenant_roles)

    @property
    def covered_tenant_ids(self) -> frozenset[int]:
        """The tenants in which the actor stands in for somebody."""
        return frozenset(one.tenant_id for one in self.absences)


WORKER = Actor(name="meshdesk-worker", title="Meshdesk worker")
CLOCK = Actor(name="meshdesk-clock", title="Meshdesk (end of the window)")
REGISTRY = Actor(name="meshdesk-registry", title="Meshdesk (the registry changed)")
POLICY = Actor(name="meshdesk-policy", title="Meshdesk policy")
