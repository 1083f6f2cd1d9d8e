"""TLS records as they come over the wire: whether an answer is TLS at all, and what is told of a handshake that fails.

A server that wants a client's certificate ends a handshake of TLS 1.2 before the library tells anything of it.
"""

from __future__ import annotations

from collections.abc import Iterator

ALERT, HANDSHAKE = 0x15, 0x16
_MAJOR = 3
_HEADER = 5
_ALERT_LENGTH = 2
_MESSAGE = 4
"""How long the head of a handshake message is: its sort and three bytes of length."""
_LENGTH = 3
_FIRST = 2 * _LENGTH
"""Where the first certificate begins: behind the length of the list and its own."""
_SERVER_HELLO, _CERTIFICATE = 2, 11
_PROTOCOL = {(3, 1): "TLSv1", (3, 2): "TLSv1.1", (3, 3): "TLSv1.2"}
_ALERTS = {40: "handshake failure", 70: "protocol version", 80: "internal error", 112: "unrecognised name"}


def is_tls(said: bytes) -> bool:
    """Whether these first bytes begin a TLS record of a server."""
    return len(said) > 1 and said[0] in (ALERT, HANDSHAKE) and said[1] == _MAJOR


def said_hello(said: bytes) -> bool:
    """Whether the server agreed to TLS with a ServerHello."""
    return any(sort == _SERVER_HELLO for sort, _ in _messages(said))


def alert(said: bytes) -> str | None:
    """The alert that the server sent first, in words; None where there is none."""
    for sort, body in _records(said):
        if sort == ALERT and len(body) == _ALERT_LENGTH:
            return _ALERTS.get(body[1], f"number {body[1]}")
    return None


def hello_version(said: bytes) -> str:
    """The version that a ServerHello up to TLS 1.2 names."""
    for sort, body in _messages(said):
        if sort == _SERVER_HELLO and len(body) > 1:
            return _PROTOCOL.get((body[0], body[1]), "TLS")
    return "TLS"


def first_certificate(said: bytes) -> bytes | None:
    """The server's own certificate (DER) where the handshake shows it in the clear, as up to TLS 1.2; else None."""
    for sort, body in _messages(said):
        if sort == _CERTIFICATE and len(body) > _FIRST:
            length = int.from_bytes(body[_LENGTH:_FIRST], "big")
            return body[_FIRST : _FIRST + length] if len(body) >= _FIRST + length else None
    return None


def _records(said: bytes) -> Iterator[tuple[int, bytes]]:
    while len(said) >= _HEADER:
        end = _HEADER + int.from_bytes(said[3:5], "big")
        yield said[0], said[_HEADER:end]
        said = said[end:]


def _messages(said: bytes) -> Iterator[tuple[int, bytes]]:
    joined = b"".join(body for sort, body in _records(said) if sort == HANDSHAKE)
    while len(joined) >= _MESSAGE:
        end = _MESSAGE + int.from_bytes(joined[1:_MESSAGE], "big")
        yield joined[0], joined[_MESSAGE:end]
        joined = joined[end:]
