"""Webhooks of our own: a POST of JSON that is signed, so that a receiver knows who sent it, when, and repeats of it.

docs/notifications.md says how to check one; tests/unit/test_notifications_page.py runs what it says.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from workers.notify.clock import utc_now
from workers.notify.outcomes import Undelivered

# Seconds to connect, and to wait for the next byte of the answer's head.
TIMEOUT = (5.0, 10.0)


class _Unsigned(AuthBase):
    """Keeps a ~/.netrc from adding credentials: the signature is all that is sent."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


@dataclass(frozen=True)
class Webhook:
    """One receiver; each of the secrets signs, so that one can take the place of another."""

    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    def send(self, payload: Mapping[str, Any], sent_as: str) -> None:
        """Post the payload; anything but a 2xx raises Undelivered. Follows no redirect and reads no body."""
        body = json.dumps(payload, separators=(",", ":")).encode()
        with requests.Session() as http:
            http.auth = _Unsigned()
            # A proxy of the environment knows nothing of this machine's own loopback.
            http.trust_env = not is_loopback(self.url)
            try:
                answer = http.post(
                    self.url,
                    data=body,
                    headers=self.headers(body, sent_as),
                    timeout=TIMEOUT,
                    allow_redirects=False,
                    stream=True,
                )
            except requests.RequestException as error:
                # What it says holds the address, and in that perhaps a token.
                raise Undelivered(f"The receiver could not be reached ({type(error).__name__}).") from None
            with answer:
                _accepted(answer)

    def headers(self, body: bytes, sent_as: str) -> dict[str, str]:
        """The headers that go with the body, signed now."""
        timestamp = str(int(utc_now().timestamp()))
        signed = [f"v1={signature(one, timestamp, sent_as, body)}" for one in self.secrets]
        return {
            "Content-Type": "application/json",
            "User-Agent": "Meshdesk",
            "Meshdesk-Timestamp": timestamp,
            "Meshdesk-Delivery": sent_as,
            "Meshdesk-Signature": ",".join(signed),
        }


def _accepted(answer: requests.Response) -> None:
    if answer.is_redirect:
        raise Undelivered(f"The receiver answered {answer.status_code}, a redirect: give its new address.")
    if not answer.ok:
        raise Undelivered(f"The receiver answered {answer.status_code}.")


def signature(secret: str, timestamp: str, delivery: str, body: bytes) -> str:
    """The hex HMAC-SHA256 over timestamp, delivery and body with dots between."""
    signed = f"{timestamp}.{delivery}.".encode() + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def is_loopback(url: str) -> bool:
    """True for an address on this very machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
