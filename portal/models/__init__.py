"""Every table, so that migrations and `db check` see them all."""

from portal.models.access import ApiToken, IdempotentAnswer
from portal.models.audit import AuditChain, Event
from portal.models.created import CreatedObject
from portal.models.evidence import Evidence
from portal.models.inventory import InventoryCluster, InventoryNamespace, InventoryObject, InventoryWorkload
from portal.models.message import Message
from portal.models.registry import (
    Cluster,
    Membership,
    Namespace,
    Person,
    PolicyVersion,
    RegistryVersion,
    Role,
    Tenant,
)
from portal.models.ticket import Comment, Decision, Target, Ticket, TicketTarget
from portal.models.viz import VizBundle

__all__ = [
    "ApiToken",
    "AuditChain",
    "Cluster",
    "Comment",
    "CreatedObject",
    "Decision",
    "Event",
    "Evidence",
    "IdempotentAnswer",
    "InventoryCluster",
    "InventoryNamespace",
    "InventoryObject",
    "InventoryWorkload",
    "Membership",
    "Message",
    "Namespace",
    "Person",
    "PolicyVersion",
    "RegistryVersion",
    "Role",
    "Target",
    "Tenant",
    "Ticket",
    "TicketTarget",
    "VizBundle",
]
