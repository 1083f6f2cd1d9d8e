"""A small registry and inventory as rows: two tenants, one person of each role, and workloads of every kind.

Tests of the API, the command line and the workers build it into their database.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.access import tokens
from portal.access.actor import Actor
from portal.mesh.annotations import MeshDefaults
from portal.mesh.injection import DEFAULT_WEBHOOK
from portal.models import (
    ApiToken,
    Cluster,
    InventoryCluster,
    InventoryNamespace,
    InventoryWorkload,
    Membership,
    Namespace,
    Person,
    Role,
    Tenant,
)

ROLES: dict[str, tuple[str | None, Role]] = {
    "member": ("emojis", Role.MEMBER),
    "member2": ("emojis", Role.MEMBER),
    "owner": ("emojis", Role.OWNER),
    "partner": ("emojis", Role.PARTNER),
    "partner2": ("emojis", Role.PARTNER),
    "outsider": ("books", Role.MEMBER),
    "outsider_partner": ("books", Role.PARTNER),
    "operator": (None, Role.OPERATOR),
    "operator2": (None, Role.OPERATOR),
    "auditor": (None, Role.AUDITOR),
}
TOKENS = {name: f"{tokens.PREFIX}{name}-for-tests" for name in ROLES}
CLUSTERS = {"practice": "production", "playground": "sandbox"}
NAMESPACES = [
    ("practice", "emojivoto", "emojis"),
    ("practice", "bookstore", "books"),
    ("playground", "emojivoto", "emojis"),
]


@dataclass(frozen=True)
class Workload:
    """One workload of the inventory."""

    kind: str
    name: str
    ports: tuple[int, ...] = ()
    annotations: dict[str, str] = field(default_factory=dict)
    spec: dict[str, Any] = field(default_factory=dict)


KINDS = {
    "deployment": ("apps/v1", "Deployment"),
    "statefulset": ("apps/v1", "StatefulSet"),
    "daemonset": ("apps/v1", "DaemonSet"),
    "replicaset": ("apps/v1", "ReplicaSet"),
    "cronjob": ("batch/v1", "CronJob"),
    "job": ("batch/v1", "Job"),
    "pod": ("v1", "Pod"),
}
WORKLOADS = (
    Workload("deployment", "emoji", (8080, 8801)),
    Workload("deployment", "voting", (8080, 8801)),
    Workload("deployment", "web", (8080,), {"config.linkerd.io/skip-outbound-ports": "443"}),
    Workload("deployment", "frozen", (8080,), spec={"paused": True}),
    Workload("deployment", "outside", (8080,), {"linkerd.io/inject": "disabled"}),
    Workload("statefulset", "store", (5432, 9187)),
    Workload("daemonset", "agent", (9100, 9101)),
    Workload("cronjob", "report"),
    Workload("replicaset", "lonely", (8080,)),
    Workload("job", "migrate"),
    Workload("pod", "shell"),
)


def build(session: Session, *, now: datetime | None = None) -> None:
    """Add the whole world to an empty database."""
    at = now or datetime.now(UTC)
    tenants = {name: Tenant(name=name, title=name.title()) for name in ("emojis", "books")}
    session.add_all([*tenants.values(), *(Cluster(name=name, environment=env) for name, env in CLUSTERS.items())])
    session.flush()
    session.add_all(Namespace(cluster=c, name=n, tenant_id=tenants[t].id) for c, n, t in NAMESPACES)
    _add_people(session, tenants, at)
    for cluster in CLUSTERS:
        _add_inventory(session, cluster, at)


def _add_people(session: Session, tenants: dict[str, Tenant], at: datetime) -> None:
    for name, (tenant, role) in ROLES.items():
        person = Person(name=name, title=f"The {name}")
        session.add(person)
        session.flush()
        session.add(Membership(person_id=person.id, tenant_id=tenants[tenant].id if tenant else None, role=role))
        digest = tokens.digest_of(TOKENS[name])
        expires = at + timedelta(days=1)
        session.add(ApiToken(person_id=person.id, name="tests", digest=digest, created_at=at, expires_at=expires))


def _add_inventory(session: Session, cluster: str, at: datetime) -> None:
    defaults = MeshDefaults(version="edge-26.6.3").to_json()
    seen = InventoryCluster(cluster=cluster, seen_at=at, tried_at=at, defaults=defaults, webhook=DEFAULT_WEBHOOK)
    session.add(seen)
    for where, namespace, _ in NAMESPACES:
        if where == cluster:
            metadata = {"annotations": {"linkerd.io/inject": "enabled"}, "labels": {}}
            session.add(InventoryNamespace(cluster=cluster, name=namespace, metadata_=metadata))
            session.add_all(row(cluster, namespace, workload) for workload in WORKLOADS)


def row(cluster: str, namespace: str, workload: Workload) -> InventoryWorkload:
    """A workload as the inventory has it."""
    obj = raw(namespace, workload)
    meshed = workload.annotations.get("linkerd.io/inject") != "disabled"
    return InventoryWorkload(
        cluster=cluster,
        namespace=namespace,
        kind=workload.kind,
        name=workload.name,
        uid=obj["metadata"]["uid"],
        object=obj,
        meshed=meshed,
    )


def raw(namespace: str, workload: Workload) -> dict[str, Any]:
    """The raw object of a workload as an API server would give it, without its status."""
    api_version, kind = KINDS[workload.kind]
    ports = [{"containerPort": port, "protocol": "TCP"} for port in workload.ports]
    containers = [{"name": "main", "image": "main:1", "ports": ports}]
    annotations = {"annotations": dict(workload.annotations)}
    template: dict[str, Any] = {"metadata": annotations, "spec": {"containers": containers}}
    spec: dict[str, Any] = {"template": template, **workload.spec}
    if workload.kind == "cronjob":
        spec = {"schedule": "0 3 * * *", "jobTemplate": {"spec": spec}}
    metadata: dict[str, Any] = {"name": workload.name, "namespace": namespace, "resourceVersion": "1"}
    metadata["uid"] = f"uid-{namespace}-{workload.kind}-{workload.name}"
    if workload.kind == "pod":
        return {
            "apiVersion": api_version,
            "kind": kind,
            "metadata": {**metadata, **template["metadata"]},
            "spec": template["spec"],
        }
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def actor(session: Session, name: str) -> Actor:
    """The actor that a person of this world is."""
    return tokens.actor_for(session, session.scalars(select(Person).where(Person.name == name)).one())


def bearer(name: str) -> dict[str, str]:
    """The header that signs a request in as a person of this world."""
    return {"Authorization": f"Bearer {TOKENS[name]}"}


def ask(**changes: Any) -> dict[str, Any]:
    """The body of a good request: two workloads of emojivoto for half an hour; `changes` replace parts of it."""
    body: dict[str, Any] = {
        "kind": "encryption-exception",
        "cluster": "practice",
        "namespace": "emojivoto",
        "duration": "PT30M",
        "reason": "vendor protocol breaks behind a proxy",
        "fields": exception(),
    }
    return {**body, **changes}


def exception(**changes: Any) -> dict[str, Any]:
    """The fields of a good encryption exception; `changes` replace parts of them."""
    fields: dict[str, Any] = {
        "workloads": ["deployment/emoji", "deployment/voting"],
        "mode": "skip-ports",
        "inbound": "8080,9000-9010",
        "outbound": "",
        "application_encryption": {"encrypted": True, "how": "TLS 1.3 in the server, certificate of the tenant"},
    }
    return {**fields, **changes}


def generic(**changes: Any) -> dict[str, Any]:
    """The body of a good request that people carry out; `changes` replace parts of it."""
    fields = {"title": "A console for our auditors", "text": "Read-only, for emojivoto, two people."}
    return {"kind": "generic", "reason": "the yearly audit", "fields": fields, **changes}


def join(session: Session, name: str, tenant: str, role: Role = Role.MEMBER) -> None:
    """Give a person one more role, in a tenant of this world."""
    person = session.scalars(select(Person.id).where(Person.name == name)).one()
    found = session.scalars(select(Tenant.id).where(Tenant.name == tenant)).one()
    session.add(Membership(person_id=person, tenant_id=found, role=role))
