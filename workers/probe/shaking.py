"""A TLS handshake on a line: what the server agrees to, or what it answers instead. No chain is verified."""

from __future__ import annotations

import ssl

from portal.mesh.probing import records
from portal.mesh.probing.certificates import CertificateFacts
from portal.mesh.probing.judging import Answer, Attempt
from portal.mesh.probing.results import Secured
from portal.mesh.probing.speech import Opening, recognised
from workers.probe.line import Line

_MORE, _SOON = 16, 0.5


def shake(line: Line, opening: Opening, seconds: float, server_name: str | None = None) -> Attempt:
    """Shake hands and hang up; `seconds` is how long the first answer may take."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = _context().wrap_bio(incoming, outgoing, server_hostname=server_name)
    said = b""
    while True:
        done = _step(client)
        line.send(outgoing.read())
        if done is not None:
            return _ended(client, opening, said) if done else _failed(opening, said, line)
        piece = line.receive(bool, seconds)
        if not piece or (not records.is_tls(said + piece) and len(said + piece) > 1):
            return _failed(opening, said + _more(line, piece), line)
        said += piece
        incoming.write(piece)


def _more(line: Line, piece: bytes) -> bytes:
    # What is no TLS may come in pieces: a little more tells which protocol it is.
    return piece + line.receive(lambda said: len(said) >= _MORE, _SOON) if piece else piece


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # Keys that are short for today are reported, not refused; ciphers without a key or encryption are never offered.
    context.set_ciphers("DEFAULT:!aNULL:!eNULL:@SECLEVEL=0")
    return context


def _step(client: ssl.SSLObject) -> bool | None:
    """True when the hands are shaken, False when they cannot be, None while more must come."""
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return None
    except ssl.SSLError:
        return False
    return True


def _ended(client: ssl.SSLObject, opening: Opening, said: bytes) -> Attempt:
    der, cipher = client.getpeercert(binary_form=True), client.cipher()
    facts = CertificateFacts.of(der) if der else None
    tls = Secured(opening.value, client.version() or records.hello_version(said), cipher[0] if cipher else "", facts)
    return Attempt(opening, Answer.SECURED, tls=tls)


def _failed(opening: Opening, said: bytes, line: Line) -> Attempt:
    if records.said_hello(said):
        der = records.first_certificate(said)
        facts = CertificateFacts.of(der) if der else None
        return Attempt(opening, Answer.SECURED, tls=Secured(opening.value, records.hello_version(said), "", facts))
    if records.is_tls(said):
        return Attempt(opening, Answer.REFUSED_TLS, told=records.alert(said) or "without a reason")
    if said:
        speech = recognised(said)
        return Attempt(opening, Answer.CLEAR if speech.clear else Answer.UNKNOWN, speech)
    return Attempt(opening, Answer.CLOSED if line.closed else Answer.SILENT)
