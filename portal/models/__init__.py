"""Every table, so that migrations and `db check` see them all."""

from portal.models.access import ApiToken, IdempotentAnswer, WebSession
from portal.models.audit import AuditChain, Event
from portal.models.certificates import CertificateReading, MeshCertificate
from portal.models.created import CreatedObject
from portal.models.deciding import Delegation, RejectTemplate
from portal.models.evidence import Evidence
from portal.models.guard import GuardState
from portal.models.inventory import InventoryCluster, InventoryNamespace, InventoryObject, InventoryWorkload
from portal.models.message import Message
from portal.models.notices import Delivery, Notice
from portal.models.posture import PostureCluster, PostureCount, PostureHole, PostureWorkload
from portal.models.registry import (
    Cluster,
    ClusterGone,
    GroupRole,
    Membership,
    Namespace,
    Person,
    PersonGroup,
    PolicyVersion,
    RegistryVersion,
    Role,
    Source,
    Tenant,
)
from portal.models.search import SavedFilter, TicketWord
from portal.models.target import Target, TicketTarget
from portal.models.ticket import Comment, Decision, Ticket
from portal.models.topline import ToplineCluster, ToplineWorkload
from portal.models.viz import VizBundle

__all__ = [
    "ApiToken",
    "AuditChain",
    "CertificateReading",
    "Cluster",
    "ClusterGone",
    "Comment",
    "CreatedObject",
    "Decision",
    "Delegation",
    "Delivery",
    "Event",
    "Evidence",
    "GroupRole",
    "GuardState",
    "IdempotentAnswer",
    "InventoryCluster",
    "InventoryNamespace",
    "InventoryObject",
    "InventoryWorkload",
    "Membership",
    "MeshCertificate",
    "Message",
    "Namespace",
    "Notice",
    "Person",
    "PersonGroup",
    "PolicyVersion",
    "PostureCluster",
    "PostureCount",
    "PostureHole",
    "PostureWorkload",
    "RegistryVersion",
    "RejectTemplate",
    "Role",
    "SavedFilter",
    "Source",
    "Target",
    "Tenant",
    "Ticket",
    "TicketTarget",
    "TicketWord",
    "ToplineCluster",
    "ToplineWorkload",
    "VizBundle",
    "WebSession",
]
