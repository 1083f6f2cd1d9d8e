"""A list of ports as people type it: the marshmallow field that makes it canonical, and the notes on what changed."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields

from portal.mesh.ports import PROXY_PORTS, PortRange, Ports

_LONGEST = 20_000


class PortList(fields.String):
    """Loads `"8080, 9000-9010"` as canonical text; refuses port 0 and the proxy's own ports."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if len(text) > _LONGEST:
            raise ValidationError(f"The list is longer than {_LONGEST} characters: use ranges like 9000-9010.")
        try:
            ports = Ports.parse(text)
        except ValueError as error:
            raise ValidationError(str(error)) from error
        _refuse_zero(text)
        _refuse_proxy_ports(ports)
        return str(ports)


def _refuse_zero(text: str) -> None:
    for entry in text.split(","):
        if 0 in Ports.parse(entry):
            raise ValidationError(f'"{entry.strip()}" is not possible: ports begin at 1.')


def _refuse_proxy_ports(ports: Ports) -> None:
    taken = ports & PROXY_PORTS
    if taken:
        own = ", ".join(str(port) for port in (4140, 4143, 4190, 4191) if port in taken)
        belong = "belongs" if len(taken) == 1 else "belong"
        them = "it" if len(taken) == 1 else "them"
        raise ValidationError(f"{own} {belong} to the proxy itself and cannot be skipped: leave {them} out.")


def notes_on(name: str, text: str) -> list[str]:
    """What becomes of a list that loads: spaces taken out, entries put together, in sentences."""
    found = []
    if any(letter.isspace() for letter in text):
        found.append(f"Spaces were taken out of {name}.")
    entries = [entry for part in text.split(",") for entry in Ports.parse(part)]
    if len(entries) != len(Ports(entries).ranges):
        found.append(f"Duplicate, overlapping and adjacent entries of {name} were put together: {Ports(entries)}.")
    elif entries != sorted(entries, key=_first):
        found.append(f"The entries of {name} were sorted: {Ports(entries)}.")
    return found


def _first(span: PortRange) -> int:
    return span.first
