"""How a send can end other than well, and the secrets that nothing said of it may hold."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from portal.errors import MeshdeskError

HIDDEN = "…"
# Shorter parts (`v1`, `en`) are no secrets, and would take words out of sentences.
SHORTEST_SECRET = 4


class Undelivered(MeshdeskError):
    """It did not arrive and is worth another try; the sentence holds no secrets."""


class NoChannel(MeshdeskError):
    """There is nowhere to send it to."""


def secrets_in(url: str) -> set[str]:
    """Every part of an address that may be a token: all but its scheme, since chats keep theirs anywhere in it."""
    parts = urlsplit(url)
    named = {url, parts.netloc, *parts.netloc.replace("@", ":").split(":"), *parts.path.split("/")}
    named |= {pair.partition("=")[2] for pair in parts.query.split("&")}
    return {form for one in named for form in (one, unquote(one)) if len(form) >= SHORTEST_SECRET}


def redacted(text: str, secrets: Iterable[str]) -> str:
    """The text without any of the secrets, the longest taken out first."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
