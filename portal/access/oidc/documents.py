"""JSON documents of the provider: fetched when they are needed, kept for a while, and never asked for in a hurry."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Auth

from portal.errors import ConfigurationError, MeshdeskError, ProviderAway
from portal.sign_in_settings import is_loopback

KEPT_SECONDS = 3600.0
PAUSE_SECONDS = 10.0
TIMEOUT_SECONDS = 5.0

T = TypeVar("T")
AWAY = (
    "The identity provider does not answer, so nobody can sign in by it: try again in a while, and tell your platform "
    "operators if it stays."
)


def get_json(address: str, token: str | None = None) -> dict[str, Any]:
    """The JSON object at an address of the provider; raises ProviderAway."""
    try:
        with requests.Session() as http:
            # A proxy of the environment knows nothing of this machine's own loopback.
            http.trust_env = not is_loopback(urlsplit(address).hostname)
            http.auth = None if token is None else OAuth2Auth({"access_token": token, "token_type": "bearer"})
            answer = http.get(address, timeout=TIMEOUT_SECONDS, allow_redirects=False)
        answer.raise_for_status()
        found = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise ProviderAway(AWAY) from error
    if not isinstance(found, dict):
        raise ProviderAway(AWAY)
    return found


class Document(Generic[T]):
    """One document as `read` understands it; several threads use it, and one of them fetches it for all.

    `address` may raise, and so may `read`: a failure is remembered for a while like a document, so that a provider
    that is away holds up one request and not each.
    """

    def __init__(self, address: Callable[[], str], read: Callable[[dict[str, Any]], T]) -> None:
        self._address, self._read = address, read
        self._lock = threading.Lock()
        self._value: T | None = None
        self._failure: MeshdeskError | None = None
        self._fetched_at = self._tried_at = float("-inf")

    def get(self) -> T:
        """The document, at most an hour old unless the provider is away since; raises as `address` and `read` do."""
        with self._lock:
            if self._value is None or time.monotonic() - self._fetched_at > KEPT_SECONDS:
                self._try()
            return self._known()

    def get_newer(self) -> T:
        """The document fetched anew, unless it was asked for just now."""
        with self._lock:
            self._try()
            return self._known()

    def _try(self) -> None:
        now = time.monotonic()
        if now - self._tried_at < PAUSE_SECONDS:
            return
        self._tried_at = now
        try:
            self._value, self._failure = self._read(get_json(self._address())), None
            self._fetched_at = now
        except (ProviderAway, ConfigurationError) as error:
            self._failure = error

    def _known(self) -> T:
        if self._value is None:
            raise self._failure or ProviderAway(AWAY)
        return self._value
