"""What a probe may dial, which openings it tries, and what its results come to together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from portal.mesh.ports import Ports
from portal.mesh.probing import speech
from portal.mesh.probing.certificates import CertificateFacts
from portal.mesh.probing.plan import addresses, chosen_pods, sampled, why_not_dialled, within
from portal.mesh.probing.results import Finding, Line, Result, encryption_word, is_claimed, summary, weakest
from portal.mesh.probing.speech import Opening, openings
from portal.probe_words import certificate_text, place_text, weight_of


def pod(name: str = "emoji-1", *ips: str, phase: str = "Running", ready: str = "True", **more: Any) -> dict[str, Any]:
    status = {"phase": phase, "conditions": [{"type": "Ready", "status": ready}]}
    told = {"podIP": ips[0], "podIPs": [{"ip": ip} for ip in ips]} if ips else {}
    return {"metadata": {"name": name, **more.pop("metadata", {})}, "spec": more, "status": {**status, **told}}


@pytest.mark.parametrize(
    ("port", "name", "first"),
    [
        (8080, None, "tls"),
        (5432, None, "postgresql"),
        (3306, None, "mysql"),
        (587, None, "smtp"),
        (389, None, "ldap"),
        (9999, "postgres", "postgresql"),
        (9999, "mariadb-main", "mysql"),
        (5432, "https", "tls"),
        (389, "ldaps", "tls"),
    ],
)
def test_the_likeliest_opening_comes_first_and_each_way_once(port: int, name: str | None, first: str) -> None:
    found = openings(port, name)
    assert found[0] == first
    assert len(found) == len(set(found)) == 4
    assert len({Opening.SMTP, Opening.MYSQL} & set(found)) == 1


def test_ports_that_containers_expose_are_tried_first_and_the_proxys_own_never() -> None:
    chosen, left_out = sampled(Ports.parse("0-65535"), Ports.parse("8080,9000"))
    assert chosen == [8080, 9000, *range(1, 11)]
    assert str(left_out) == "11-4139,4141-4142,4144-4189,4192-8079,8081-8999,9001-65535"
    assert sampled(Ports.parse("7001")) == ([7001], Ports())
    assert sampled(Ports()) == ([], Ports())


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("127.0.0.1", "own machine"),
        ("127.7.1.1", "own machine"),
        ("::1", "own machine"),
        ("::ffff:127.0.0.1", "own machine"),
        ("169.254.169.254", "node or to its cloud"),
        ("::ffff:169.254.169.254", "node or to its cloud"),
        ("fe80::1", "node or to its cloud"),
        ("fd00:ec2::254", "node or to its cloud"),
        ("100.100.100.200", "node or to its cloud"),
        ("0.0.0.0", "no address of a pod"),  # noqa: S104 - an address that must not be dialled
        ("224.0.0.1", "no address of a pod"),
        ("255.255.255.255", "no address of a pod"),
        ("emoji.example", "is no address"),
    ],
)
def test_addresses_that_are_never_a_pods_are_never_dialled(address: str, words: str) -> None:
    assert words in str(why_not_dialled(address))
    assert (why_not_dialled(address, loopback=True) is None) is (words == "own machine")


@pytest.mark.parametrize("address", ["10.1.2.3", "100.64.0.7", "192.168.1.1", "fd12::5", "2001:db8::5"])
def test_addresses_of_pods_are_dialled(address: str) -> None:
    assert why_not_dialled(address) is None


def test_only_pods_that_run_with_an_address_of_their_own_are_chosen_the_ready_ones_first() -> None:
    pods = [
        pod("d-late", "10.0.0.1", ready="False"),
        pod("c", "10.0.0.2"),
        pod("b", "10.0.0.3", "fd12::3"),
        pod("over", "10.0.0.4", phase="Succeeded"),
        pod("goes", "10.0.0.5", metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}),
        pod("host", "10.0.0.6", hostNetwork=True),
        pod("new"),
    ]
    assert [one["metadata"]["name"] for one in chosen_pods(pods)] == ["b", "c"]
    assert addresses(pods[2]) == ["10.0.0.3", "fd12::3"]
    assert addresses(pods[5]) == []
    assert [one["metadata"]["name"] for one in chosen_pods(pods[:1])] == ["d-late"]


def test_fewer_pods_are_tried_where_many_ports_are_asked() -> None:
    pods = [pod("a", "10.0.0.1"), pod("b", "10.0.0.2")]
    assert len(within(12, pods, 96)) == 2
    assert len(within(12, pods, 20)) == 1
    assert len(within(12, pods, 5)) == 1


@pytest.mark.parametrize(
    ("results", "result"),
    [
        ([], Result.NOT_PROBED),
        ([Result.VERIFIED], Result.VERIFIED),
        ([Result.VERIFIED, Result.NOT_PROBED], Result.NOT_PROBED),
        ([Result.NOT_PROBED, Result.BLOCKED, Result.VERIFIED], Result.BLOCKED),
        ([Result.BLOCKED, Result.NO_ANSWER], Result.NO_ANSWER),
        (list(Result), Result.CONTRADICTED),
    ],
)
def test_all_ports_are_held_to_the_weakest(results: list[Result], result: Result) -> None:
    assert weakest(results) is result
    lines = [Line("deployment/emoji", "inbound", "8080", Finding(one, f"{one}!")) for one in results]
    assert summary(lines) == (f"deployment/emoji, inbound 8080: {result}!" if results else "")


@pytest.mark.parametrize(
    ("claimed", "probed", "word"),
    [
        ("claimed", None, "claimed"),
        ("claimed", Result.VERIFIED, "verified"),
        ("claimed", Result.CONTRADICTED, "none"),
        ("claimed", Result.NOT_PROBED, "claimed"),
        ("claimed", Result.NO_ANSWER, "claimed"),
        ("claimed", Result.BLOCKED, "claimed"),
        ("none", Result.VERIFIED, "none"),
        (None, Result.VERIFIED, None),
    ],
)
def test_a_probe_changes_only_what_was_claimed(claimed: str | None, probed: Result | None, word: str | None) -> None:
    assert encryption_word(claimed, probed) == word


def test_what_is_claimed_is_read_from_any_kinds_fields() -> None:
    assert is_claimed({"application_encryption": {"encrypted": True, "how": "TLS"}})
    assert not is_claimed({"application_encryption": {"encrypted": False, "how": "none"}})
    assert not is_claimed({"application_encryption": None})
    assert not is_claimed({})


def test_a_greeting_of_mysql_tells_whether_tls_is_offered() -> None:
    def greeting(capabilities: int) -> bytes:
        low = capabilities.to_bytes(2, "little")
        body = b"\x0a8.4.0\x00" + bytes(4) + b"scramble" + b"\x00" + low + bytes(20)
        return len(body).to_bytes(3, "little") + b"\x00" + body

    assert speech.mysql_offers_tls(greeting(0xFFFF))
    assert not speech.mysql_offers_tls(greeting(0xF7FF))
    assert speech.mysql_whole(greeting(0))
    assert not speech.mysql_whole(greeting(0)[:-1])
    refused = b"\x10\x00\x00\x00\xff\x6a\x04Host blocked"
    assert speech.is_mysql(refused)
    assert speech.mysql_refuses(refused)
    assert not speech.mysql_offers_tls(b"\x03\x00\x00\x00\x0a")


def test_answers_of_ldap_are_read_in_either_length() -> None:
    agreed = bytes.fromhex("300c02010178070a010004000400")
    assert speech.ldap_agrees(agreed) is True
    assert speech.ldap_agrees(agreed.replace(b"\x0a\x01\x00", b"\x0a\x01\x02")) is False
    assert speech.ldap_agrees(b"HTTP/1.1 400") is None
    assert speech.ldap_whole(agreed)
    assert not speech.ldap_whole(agreed[:-1])
    assert speech.ldap_whole(b"\x30\x81\x03\x02\x01\x01")
    assert not speech.ldap_whole(b"\x30\x82\x01")


def test_garbage_is_read_as_nothing_that_it_is_not() -> None:
    for text in (b"", b"\x00", b"\x30", b"\x16", b"\xff" * 50, b"E\x00"):
        speech.recognised(text)
        speech.ldap_agrees(text)
        speech.mysql_offers_tls(text)
    assert CertificateFacts.of(b"no certificate") is None


def port(**more: Any) -> dict[str, Any]:
    facts = {"subject": "CN=emoji", "issuer": "CN=ca", "names": ["emoji.svc"], "ends": "2026-03-01T10:00:00+00:00"}
    tls = {"after": "tls", "protocol": "TLSv1.3", "cipher": "X", "certificate": facts}
    return {"direction": "inbound", "ports": "8080", "where": "pod emoji-1", "tls": tls, **more}


def test_a_port_is_told_with_its_certificate_and_whether_that_was_over() -> None:
    assert place_text(port()) == "inbound 8080 (pod emoji-1)"
    assert place_text(port(where="", ports="")) == "inbound"
    text = "Certificate of CN=emoji for emoji.svc, from CN=ca, ends 2026-03-01 10:00 UTC"
    assert certificate_text(port(), datetime(2026, 2, 1, tzinfo=UTC)) == f"{text}."
    late = datetime(2026, 4, 1, tzinfo=UTC)
    assert certificate_text(port(), late) == f"{text}, which was over when it was probed."
    assert certificate_text(port(tls=None), late) == ""
    many = port()
    many["tls"]["certificate"]["names"] = list("abcdef")
    assert " for a, b, c, d and 2 more, from" in certificate_text(many, late)
    assert [weight_of(one) for one in Result] == ["blocking", "warning", "warning", "warning", "info"]
