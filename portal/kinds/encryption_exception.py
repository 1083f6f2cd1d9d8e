"""The kind `encryption-exception`: traffic of some workloads passes the mesh's encryption by, for a while.

By ports (skip-ports) or wholly (disable-injection). The registry holds it; everything else knows it as a Kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from portal.kinds.base import Fields, InventoryView, Part, WorkloadKind
from portal.kinds.port_list import PortList, notes_on
from portal.kinds.weight import weighed
from portal.kinds.workloads_field import Strict, WorkloadsSchema, workload_notes, workload_refs
from portal.mesh.annotations import INJECT
from portal.mesh.findings import Finding
from portal.mesh.impact import workload_findings
from portal.mesh.ports import Ports
from portal.mesh.probing.plan import Wish
from portal.mesh.want import Want
from portal.mesh.workloads import WorkloadRef, container_ports

SKIP, DISABLE = "skip-ports", "disable-injection"
_LISTS = ("inbound", "outbound")


def _not_blank(text: str) -> None:
    if not text.strip():
        raise ValidationError("Say how the application encrypts this or, where it does not, why the risk is accepted.")


class ApplicationEncryptionSchema(Strict):
    """How the flow is protected while the mesh does not protect it."""

    encrypted = fields.Boolean(
        required=True,
        truthy={True},
        falsy={False},
        metadata={"description": "Whether the application itself encrypts this traffic."},
    )
    how = fields.String(
        required=True,
        validate=[_not_blank, validate.Length(max=4000)],
        metadata={"description": "How the application encrypts it or, where it does not, why the risk is accepted."},
    )


class EncryptionExceptionSchema(WorkloadsSchema):
    """What the fields of an encryption exception must be; loads them canonical."""

    mode = fields.String(
        required=True,
        validate=validate.OneOf((SKIP, DISABLE), error=f"Choose {SKIP} or {DISABLE}."),
        metadata={"description": "skip-ports: only these ports pass the proxy by. disable-injection: no proxy at all."},
    )
    inbound = PortList(
        load_default="",
        metadata={"description": "Container ports whose incoming traffic passes the proxy by, like 8080,9000-9010."},
    )
    outbound = PortList(
        load_default="",
        metadata={"description": "Ports that the workload dials past the proxy (the Service's port for a ClusterIP)."},
    )
    application_encryption = fields.Nested(
        ApplicationEncryptionSchema,
        required=True,
        metadata={"description": "How this traffic is protected while the mesh does not protect it."},
    )

    @validates_schema
    def _ports_fit_mode(self, data: Fields, **_: Any) -> None:
        given = [name for name in _LISTS if data.get(name)]
        if data["mode"] == SKIP and not given:
            raise ValidationError("Name at least one port, inbound or outbound.", "inbound")
        if data["mode"] == DISABLE and given:
            sentence = "Without a proxy there is nothing to skip: leave the ports out, or choose skip-ports."
            raise ValidationError({name: [sentence] for name in given})


class EncryptionException(WorkloadKind):
    """Traffic that the mesh does not encrypt, by port or wholly, until the ticket ends."""

    name = "encryption-exception"
    title = "Encryption exception"
    summary = (
        "Let traffic of your workloads pass the mesh's encryption by for a while: some ports, or all by running "
        "without the proxy. Your pods restart when it begins and when it ends."
    )
    costs = (
        "Your pods restart twice. While it is open, the mesh does not encrypt this traffic and does not know "
        "who sends it."
    )
    needs = (
        "The workloads, the ports, and how your application encrypts this traffic itself or why the risk is accepted."
    )
    schema = EncryptionExceptionSchema()
    restarts_pods = True
    shrinkable = {"workloads": Part.LIST, "inbound": Part.PORTS, "outbound": Part.PORTS}  # noqa: RUF012

    def targets(self, fields: Fields, namespace: str | None) -> list[WorkloadRef]:
        """The named workloads."""
        return workload_refs(fields, namespace)

    def wants(self, fields: Fields, view: InventoryView) -> Want:
        """The ports, or no injection, of each workload alike."""
        return _wanted(fields)

    def still_wanted(self, fields: Fields, wanted: Want) -> Want:
        """The ports that are left."""
        return wanted & _wanted(fields)

    def to_probe(self, fields: Fields, obj: Mapping[str, Any]) -> Wish:
        """The ports to skip; without a proxy those of the containers, and whatever it calls passes the mesh by."""
        want = _wanted(fields)
        if want.disable_injection:
            return Wish(inbound=container_ports(obj), all_outbound=True)
        return Wish(want.skip_inbound, want.skip_outbound)

    def routing_facts(self, fields: Fields, context: Sequence[InventoryView]) -> dict[str, Any]:
        """`mode` (the strictest of all workloads), `application_encryption` (none, claimed), and why the mode is not
        the one asked (`widened`, sentences)."""
        want = _wanted(fields)
        widened = [sentence for view in context for sentence in weighed(want, view)]
        return {
            "mode": DISABLE if want.disable_injection or widened else SKIP,
            "application_encryption": "claimed" if fields["application_encryption"]["encrypted"] else "none",
            "widened": widened,
        }

    def identity(self, fields: Fields) -> dict[str, Any]:
        """Workloads, mode and ports; how the application encrypts is an explanation and no part of it."""
        return {"workloads": sorted(fields["workloads"]), **{name: fields[name] for name in ("mode", *_LISTS)}}

    def notes(self, raw: Mapping[str, Any]) -> list[str]:
        """What was put right in the lists and in the workloads."""
        return workload_notes(raw) + [note for name in _LISTS for note in notes_on(name, raw.get(name) or "")]

    def checks(self, fields: Fields, views: Sequence[InventoryView]) -> list[Finding]:
        """The findings of each workload."""
        want = _wanted(fields)
        return [found for view in views for found in workload_findings(view, want)]


def _wanted(fields: Fields) -> Want:
    if fields["mode"] == DISABLE:
        return Want.of_setting(INJECT)
    return Want(Ports.parse(fields["inbound"]), Ports.parse(fields["outbound"]))
