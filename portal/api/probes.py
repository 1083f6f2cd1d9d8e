"""What a ticket's picture says of its TLS probe: that it runs, or what it came to, port by port."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from portal.api.schema_base import Instant, Output
from portal.mesh.probing.results import is_claimed
from portal.models import Evidence, Ticket
from portal.tickets.probe_standing import is_running
from portal.tickets.routing import probed_of

RUNNING, ENDED = "running", "ended"


class PeerCertificateSchema(Output):
    """What a server's certificate says; nothing of it is verified."""

    subject = fields.String()
    issuer = fields.String()
    names = fields.List(fields.String())
    ends = fields.String(metadata={"description": "RFC 3339."})


class SecuredSchema(Output):
    """How a port answered a TLS handshake."""

    after = fields.String(metadata={"description": "tls, or the opening before it: postgresql, mysql, smtp, ldap."})
    protocol = fields.String()
    cipher = fields.String()
    certificate = fields.Nested(PeerCertificateSchema, allow_none=True)


class ProbedPortSchema(Output):
    """What the probe found at one port of one workload."""

    workload = fields.String()
    direction = fields.String(metadata={"description": "inbound or outbound."})
    ports = fields.String(metadata={"description": "A port, or several that were not probed."})
    where = fields.String(metadata={"description": "The pod or the destination that was tried."})
    result = fields.String()
    why = fields.String()
    tls = fields.Nested(SecuredSchema, allow_none=True)


class ProbeSchema(Output):
    """Whether the application encrypts by itself, as a worker tried it."""

    state = fields.String(metadata={"description": "running: it is still to come. ended."})
    at = Instant(allow_none=True)
    result = fields.String(
        allow_none=True,
        metadata={
            "description": "The weakest of all ports: contradicted, no answer, blocked by policy, not probed, verified."
        },
    )
    why = fields.String(allow_none=True)
    ports = fields.List(fields.Nested(ProbedPortSchema))


def probe_view(ticket: Ticket, preflight: Evidence | None, probe: Evidence | None) -> dict[str, Any] | None:
    """What ProbeSchema shows; None where nobody says that the application encrypts, or no probe came in time."""
    if not is_claimed(ticket.fields):
        return None
    if is_running(ticket, preflight, probe):
        return {"state": RUNNING, "at": None, "result": None, "why": None, "ports": []}
    if probe is None or probed_of(probe, ticket) is None:
        return None
    same = {name: probe.data[name] for name in ("result", "why", "ports")}
    return {"state": ENDED, "at": probe.seen_at, **same}
