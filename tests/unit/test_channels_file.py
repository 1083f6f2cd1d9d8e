"""The channels file: refused with the line and the fix, and nothing that may be a secret is repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.configuration_files import FileInvalid
from workers.notify.channels import load_channels, read_channels
from workers.notify.outcomes import NoChannel, redacted, secrets_in
from workers.notify.services import to_own
from workers.notify.webhook import Webhook

ROOT = Path(__file__).parents[2]
SECRET = "hunter2-hunter2-hunter2"


def said(text: str) -> str:
    with pytest.raises(FileInvalid) as refused:
        load_channels(text, "channels.yaml")
    return refused.value.sentence


def test_the_example_can_be_used() -> None:
    found = read_channels(ROOT / "examples" / "channels.yaml")
    assert found.names == ["mail", "operators", "shop-chat", "shop-deploys"]


def test_an_empty_file_says_so_and_one_without_anything_is_fine() -> None:
    assert "The file is empty." in said("")
    assert load_channels("{}", "channels.yaml").names == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mail: {url: 'slack://T/x/y'}", "1: mail.url: People's own addresses need a mail server (mailtos://…), or"),
        ("channels:\n  chat: {url: 'nosuch://host'}", "2: channels.chat.url: Apprise cannot use this address"),
        ("channels:\n  Chat: {url: 'json://host'}", "2: channels.Chat: '…' is not a name"),
        ("webhooks: {ci: {url: 'https://h.example.com'}}", "1: webhooks.ci.secret: This is missing."),
        ("webhooks: {ci: {url: 'http://h.example.com', secret: 0123456789abcdefg}}", "url: Use https://, or say"),
        ("webhooks: {ci: {url: 'https://u:p@h.example.com', secret: 0123456789abcdefg}}", "Leave user and password"),
        ("mail: {url: 'mailtos://[abc'}", "1: mail.url: This is no address."),
        ("webhooks: {ci: {url: 'ftp://h.example.com', secret: 0123456789abcdefg}}", "starts with https://"),
        ("webhooks: {ci: {url: 'https://h.example.com', secret: short}}", "secret: Give at least 16 characters"),
        ("webhooks: {ci: {url: 'https://h.example.com', secret: []}}", "secret: Name one."),
        ("channels: {a: {url: 'json://h'}}\nwebhooks: {a: {url: 'https://h', secret: 0123456789abcdefg}}", "this name"),
        ("webhooks: {mail: {url: 'https://h', secret: 0123456789abcdefg}}", "mail has this name already"),
        ("chanels: {}", "'chanels' is not known; did you mean 'channels'?"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, sentence: str) -> None:
    assert sentence in said(text)


@pytest.mark.parametrize(
    "text",
    [
        f"mail: *{SECRET}",
        f"mail: !{SECRET} x",
        f"webhooks: {{ci: {{url: 'https://h.example.com', secret={SECRET}: 1}}}}",
        f"webhooks: {{ci: {{url: 'http://h.example.com/{SECRET}', secret: {SECRET}}}}}",
        f"channels: {{chat: {{url: 'nosuch://{SECRET}'}}}}",
        f"webhooks: {{ci: {{url: 'https://h.example.com', secret: [{{{SECRET}: 1}}]}}}}",
        f"channels: {{chat: {SECRET}}}",
        f'mail: {{url: "\\q{SECRET}"}}',
    ],
)
def test_no_secret_is_repeated(text: str) -> None:
    assert SECRET not in said(text)


def test_a_number_as_a_secret_is_not_repeated_either() -> None:
    problem = said("webhooks: {ci: {url: 'https://h.example.com', secret: 12345678901234567890}}")
    assert "Put it in quotes" in problem
    assert "1234567890" not in problem


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "http://[::1]/x", "http://localhost/x"])
def test_a_receiver_on_this_machine_needs_no_tls(url: str) -> None:
    found = load_channels(f"webhooks: {{ci: {{url: '{url}', secret: 0123456789abcdefg}}}}", "channels.yaml")
    assert isinstance(found.door("ci", None), Webhook)


def test_plain_http_may_be_allowed() -> None:
    text = "webhooks: {ci: {url: 'http://h.example.com', allow_http: true, secret: 0123456789abcdefg}}"
    assert load_channels(text, "channels.yaml").names == ["ci"]


@pytest.mark.parametrize("email", [None, "", "somebody", "a@example.com,b@example.com", "a@example.com?bcc=b@x.com"])
def test_an_address_that_is_none_gets_nothing(email: str | None) -> None:
    found = load_channels("mail: {url: 'mailtos://smtp.example.com?from=desk@example.com'}", "channels.yaml")
    with pytest.raises(NoChannel):
        found.door("mail", email)


def test_an_address_stays_one_part_of_the_channels() -> None:
    server = "mailtos://smtp.example.com"
    assert to_own(server, "a+b@example.com") == f"{server}?to=a%2Bb%40example.com"
    assert to_own(f"{server}?from=d@example.com", "a@example.com").endswith("&to=a%40example.com")
    assert to_own("matrix://x/{email}", "a/b@example.com") == "matrix://x/a%2Fb%40example.com"


def test_every_part_of_an_address_that_may_be_a_token_is_taken_out() -> None:
    url = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ?token=p%40ssword"
    text = "T1JJ3T3L2 and A1BRTD4JD and TIiajkdnlazkcOXrIdevi7FQ and p@ssword and p%40ssword failed"
    assert redacted(text, secrets_in(url)) == "… and … and … and … and … failed"
