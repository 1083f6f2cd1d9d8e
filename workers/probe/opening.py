"""How each protocol gets to TLS on a line that was just opened: one function an opening, a handshake and no more."""

from __future__ import annotations

from collections.abc import Callable

from portal.mesh.probing import speech
from portal.mesh.probing.judging import Answer, Attempt
from portal.mesh.probing.records import is_tls
from portal.mesh.probing.speech import Opening, Speech, recognised
from workers.probe.line import Line
from workers.probe.shaking import shake

FIRST_WORD = 11.0
"""How long a server may take that speaks first: a proxy that looks for the protocol holds its word for 10 seconds."""
TELLING = 5
"""How many bytes tell which of the protocols a greeting is."""
ANSWER = 4.0
"""How long the answer to something that was sent may take."""


def open_tls(line: Line, server_name: str | None) -> Attempt:
    """TLS from the first byte."""
    return shake(line, Opening.TLS, ANSWER, server_name)


def open_postgres(line: Line, server_name: str | None) -> Attempt:
    """PostgreSQL's SSLRequest, which it answers with one byte."""
    line.send(speech.SSL_REQUEST)
    said = line.receive(bool, ANSWER)
    if said == b"S":
        return shake(line, Opening.POSTGRES, ANSWER, server_name)
    if said == b"N":
        return Attempt(Opening.POSTGRES, Answer.CLEAR, Speech("PostgreSQL", Opening.POSTGRES, clear=True))
    return _otherwise(Opening.POSTGRES, said, line)


def open_ldap(line: Line, server_name: str | None) -> Attempt:
    """LDAP's extended request StartTLS."""
    line.send(speech.START_TLS)
    said = line.receive(lambda so_far: so_far[:1] not in (b"", b"\x30") or speech.ldap_whole(so_far), ANSWER)
    agrees = speech.ldap_agrees(said)
    if agrees:
        return shake(line, Opening.LDAP, ANSWER, server_name)
    if agrees is False:
        return Attempt(Opening.LDAP, Answer.CLEAR, Speech("LDAP", Opening.LDAP, clear=True))
    return _otherwise(Opening.LDAP, said, line)


def listen(line: Line, server_name: str | None, patience: float = FIRST_WORD) -> Attempt:
    """Wait for a server that speaks first, and go on as it speaks: SMTP, MySQL, or whatever else."""
    said = line.receive(lambda so_far: len(so_far) >= TELLING, patience)
    greeted = recognised(said) if said else None
    if greeted is not None and greeted.opening is Opening.SMTP:
        return _smtp(line, said, server_name)
    if greeted is not None and greeted.opening is Opening.MYSQL:
        return _mysql(line, said, server_name)
    return _otherwise(Opening.SMTP, said, line)


def _smtp(line: Line, said: bytes, server_name: str | None) -> Attempt:
    greeting = said + line.receive(lambda more: speech.smtp_whole(said + more), ANSWER)
    if not greeting.startswith(b"220"):
        return Attempt(Opening.SMTP, Answer.UNKNOWN, Speech("SMTP that takes no client now"))
    line.send(speech.EHLO)
    features = line.receive(speech.smtp_whole, ANSWER)
    if not features.startswith(b"250"):
        return Attempt(Opening.SMTP, Answer.UNKNOWN, Speech("a protocol of plain text whose way to TLS is not known"))
    if not speech.smtp_offers_tls(features):
        return Attempt(Opening.SMTP, Answer.CLEAR, Speech("SMTP", Opening.SMTP, clear=True))
    line.send(speech.SMTP_START)
    if not line.receive(speech.smtp_whole, ANSWER).startswith(b"220"):
        return Attempt(Opening.SMTP, Answer.CLEAR, Speech("SMTP", Opening.SMTP, clear=True))
    return shake(line, Opening.SMTP, ANSWER, server_name)


def _mysql(line: Line, said: bytes, server_name: str | None) -> Attempt:
    greeting = said + line.receive(lambda more: speech.mysql_whole(said + more), ANSWER)
    if speech.mysql_refuses(greeting):
        return Attempt(Opening.MYSQL, Answer.UNKNOWN, Speech("MySQL that takes no client from the worker's address"))
    if not speech.mysql_offers_tls(greeting):
        return Attempt(Opening.MYSQL, Answer.CLEAR, Speech("MySQL", Opening.MYSQL, clear=True))
    line.send(speech.mysql_ssl_request())
    return shake(line, Opening.MYSQL, ANSWER, server_name)


def _otherwise(opening: Opening, said: bytes, line: Line) -> Attempt:
    if not said:
        return Attempt(opening, Answer.CLOSED if line.closed else Answer.SILENT)
    # A server that waits for TLS answers anything else by an alert.
    found = Speech("TLS", Opening.TLS) if is_tls(said) else recognised(said)
    return Attempt(opening, Answer.CLEAR if found.clear else Answer.UNKNOWN, found)


WAYS: dict[Opening, Callable[[Line, str | None], Attempt]] = {
    Opening.TLS: open_tls,
    Opening.POSTGRES: open_postgres,
    Opening.LDAP: open_ldap,
    Opening.SMTP: listen,
    Opening.MYSQL: listen,
}
