"""What servers say before TLS begins: which protocol an answer is, and what openings send and read.

Only handshakes are sent. Of what a server says nothing is kept but the name of its protocol.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from enum import StrEnum

SSL_REQUEST = bytes.fromhex("0000000804d2162f")
"""PostgreSQL: a message of 8 bytes with the code that asks for TLS."""
START_TLS = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
"""LDAP: the extended request StartTLS as message 1."""
EHLO = b"EHLO probe.invalid\r\n"
SMTP_START = b"STARTTLS\r\n"
_CLIENT_SSL = 0x0800
_LDAP_MESSAGE, _LDAP_HEAD = 0x30, 2
_LDAP_EXTENDED = 0x78
_ENUMERATED = b"\x0a\x01"
_MYSQL_HEAD = 4
"""Three bytes of length, and the number of the packet."""
_MYSQL_GREETING, _MYSQL_ERROR = b"\x0a", b"\xff"
_PRINTED = 0.9


class Opening(StrEnum):
    """How a connection gets to TLS."""

    TLS = "tls"
    POSTGRES = "postgresql"
    MYSQL = "mysql"
    SMTP = "smtp"
    LDAP = "ldap"


SERVER_FIRST = frozenset({Opening.MYSQL, Opening.SMTP})
_BY_PORT = {
    **dict.fromkeys((5432, 5433, 6432, 26257), Opening.POSTGRES),
    **dict.fromkeys((3306, 3307, 33060), Opening.MYSQL),
    **dict.fromkeys((25, 587, 2525), Opening.SMTP),
    **dict.fromkeys((389, 3268), Opening.LDAP),
}
_BY_NAME = {
    "postgres": Opening.POSTGRES,
    "pgsql": Opening.POSTGRES,
    "mysql": Opening.MYSQL,
    "mariadb": Opening.MYSQL,
    "smtp": Opening.SMTP,
    "ldap": Opening.LDAP,
}
_SECURE = ("smtps", "ldaps", "https", "tls", "ssl")
_OTHERS = (Opening.TLS, Opening.POSTGRES, Opening.LDAP, Opening.SMTP)


def openings(port: int, name: str | None = None) -> list[Opening]:
    """Which openings to try at a port, the likeliest first: by its name, then by its number.

    The two that wait for the server to speak are one at the end: what it says tells which of them it is.
    """
    first = _named(name or "") or _BY_PORT.get(port, Opening.TLS)
    rest = [one for one in _OTHERS if one is not first and not {one, first} <= SERVER_FIRST]
    return [first, *rest]


def _named(name: str) -> Opening | None:
    if any(word in name for word in _SECURE):
        return Opening.TLS
    return next((opening for word, opening in _BY_NAME.items() if word in name), None)


@dataclass(frozen=True)
class Speech:
    """What an answer without TLS is: `protocol` for people; `opening` where TLS can follow; `clear` where it cannot.

    With neither, the probe cannot tell, or knows no way to TLS.
    """

    protocol: str
    opening: Opening | None = None
    clear: bool = False


_WORDS = {
    b"HTTP/": Speech("HTTP", clear=True),
    b"SSH-": Speech("SSH, which encrypts in its own way"),
    b"+OK": Speech("POP3, whose way to TLS the probe does not know"),
    b"* OK": Speech("IMAP, whose way to TLS the probe does not know"),
    b"* PREAUTH": Speech("IMAP, whose way to TLS the probe does not know"),
    b"AMQP": Speech("AMQP", clear=True),
    b"-ERR": Speech("Redis", clear=True),
    b"-NOAUTH": Speech("Redis", clear=True),
    b"RFB ": Speech("VNC", clear=True),
    b"<!DOCTYPE": Speech("HTTP", clear=True),
}
_SMTP_CODES = (b"220", b"421", b"554")
_HTTP2_SETTINGS = b"\x04\x00"
_FRAME = 9


def recognised(said: bytes) -> Speech:
    """Which protocol the first bytes are that a server said; they are no TLS."""
    for word, speech in _WORDS.items():
        if said.startswith(word):
            return speech
    if said[:3] in _SMTP_CODES and said[3:4] in (b" ", b"-", b"\r"):
        return Speech("SMTP", Opening.SMTP)
    if is_mysql(said):
        return Speech("MySQL", Opening.MYSQL)
    return _by_shape(said)


def _by_shape(said: bytes) -> Speech:
    if said[:1] in (b"E", b"R") and said[1:2] == b"\x00":
        return Speech("PostgreSQL", Opening.POSTGRES)
    if len(said) > 1 and said[0] == _LDAP_MESSAGE and b"\x02\x01" in said[:8]:
        return Speech("LDAP", Opening.LDAP)
    if len(said) >= _FRAME and said[3:5] == _HTTP2_SETTINGS and said[:1] == b"\x00":
        return Speech("HTTP/2", clear=True)
    printed = sum(chr(one) in string.printable for one in said)
    if said and printed >= _PRINTED * len(said):
        return Speech("a protocol of plain text", clear=True)
    return Speech("a protocol that the probe does not know")


def is_mysql(said: bytes) -> bool:
    """Whether these bytes begin a packet with MySQL's greeting, or the error that takes its place."""
    begins = said[_MYSQL_HEAD : _MYSQL_HEAD + 1] in (_MYSQL_GREETING, _MYSQL_ERROR)
    return begins and said[_MYSQL_HEAD - 1] == 0 and said[:2] != b"\x00\x00"


def mysql_whole(said: bytes) -> bool:
    """Whether the first packet is there whole."""
    return len(said) >= _MYSQL_HEAD and len(said) >= _MYSQL_HEAD + int.from_bytes(said[:3], "little")


def mysql_refuses(said: bytes) -> bool:
    """Whether the server refuses the caller before anything is agreed."""
    return is_mysql(said) and said[_MYSQL_HEAD:].startswith(_MYSQL_ERROR)


def mysql_offers_tls(said: bytes) -> bool:
    """Whether the greeting has the capability CLIENT_SSL."""
    body = said[_MYSQL_HEAD:]
    version_ends = body.find(b"\x00", 1)
    # Behind the version: the thread (4), the first scramble (8), a filler (1), then the lower capabilities.
    at = version_ends + 1 + 4 + 8 + 1
    return version_ends > 0 and bool(int.from_bytes(body[at : at + 2], "little") & _CLIENT_SSL)


def mysql_ssl_request() -> bytes:
    """The packet that asks MySQL for TLS: protocol 4.1, secure connection, TLS; 16 MB packets, utf8mb4."""
    capabilities = 0x0200 | 0x8000 | _CLIENT_SSL
    body = capabilities.to_bytes(4, "little") + (1 << 24).to_bytes(4, "little") + bytes([45]) + bytes(23)
    return len(body).to_bytes(3, "little") + b"\x01" + body


def smtp_whole(said: bytes) -> bool:
    """Whether a reply of SMTP is there whole: its last line has a space behind the code."""
    lines = said.split(b"\r\n")
    return len(lines) > 1 and lines[-1] == b"" and lines[-2][3:4] in (b" ", b"")


def smtp_offers_tls(said: bytes) -> bool:
    """Whether the reply to EHLO lists STARTTLS."""
    return any(line[4:].strip().upper() == b"STARTTLS" for line in said.split(b"\r\n"))


def ldap_agrees(said: bytes) -> bool | None:
    """Whether LDAP's answer to StartTLS is success; None where it is no such answer."""
    at = said.find(bytes([_LDAP_EXTENDED]))
    code = said.find(_ENUMERATED, at)
    if said[:1] != bytes([_LDAP_MESSAGE]) or at < 0 or code < 0 or len(said) <= code + 2:
        return None
    return said[code + 2] == 0


def ldap_whole(said: bytes) -> bool:
    """Whether the first LDAP message is there whole."""
    if len(said) < _LDAP_HEAD:
        return False
    # A length of more than 127 says first in how many bytes it is written.
    size = said[1] & 0x7F if said[1] & 0x80 else 0
    written = said[_LDAP_HEAD : _LDAP_HEAD + size] if size else said[1:2]
    return len(written) == max(size, 1) and len(said) >= _LDAP_HEAD + size + int.from_bytes(written, "big")
