"""What the operators let a probe do on a cluster: the part `probe` of its entry in the workers' clusters file."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate

MOST_DESTINATIONS = 100
_HOST = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*", re.IGNORECASE)
_LAST_PORT = 65535


@dataclass(frozen=True)
class Allowed:
    """A destination outside the workload's own pods that a probe may dial."""

    host: str
    port: int

    @property
    def is_address(self) -> bool:
        """Whether the host is an address and not a name."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class ProbeRules:
    """`enabled: false` switches the probe off; `outbound` lists destinations; `loopback` is for tests alone."""

    enabled: bool = True
    outbound: tuple[Allowed, ...] = ()
    loopback: bool = False


NOTHING_SAID = ProbeRules()


class Destination(fields.String):
    """Loads `10.20.3.4:5432`, `[2001:db8::5]:5432` or `db.example:5432`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text: str = super()._deserialize(value, attr, data, **kwargs).strip()
        host, _, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if "/" in host:
            raise ValidationError(f'"{text}" is a network: a probe dials single destinations, so name each of them.')
        number = int(port) if port.isdecimal() and len(port) <= len(str(_LAST_PORT)) else 0
        found = Allowed(host, number)
        if not 0 < number <= _LAST_PORT or not (found.is_address or _HOST.fullmatch(host)):
            raise ValidationError(f'"{text}" is no destination: write it like 10.20.3.4:5432 or db.example:5432.')
        return found


class ProbeSchema(Schema):
    """The part `probe`."""

    class Meta:
        unknown = RAISE

    enabled = fields.Boolean(truthy={True}, falsy={False})
    outbound = fields.List(Destination(), validate=validate.Length(max=MOST_DESTINATIONS))
    loopback = fields.Boolean(truthy={True}, falsy={False})

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> ProbeRules:
        return ProbeRules(**{**data, "outbound": tuple(dict.fromkeys(data.get("outbound", [])))})
