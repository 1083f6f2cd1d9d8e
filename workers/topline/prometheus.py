"""A Prometheus as workers ask it: bounded in time and size, never led elsewhere, and every refusal a sentence.

asking.py calls it. Sentences go to tenants, so they name neither addresses nor files; the log has what people mend.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from portal.sign_in_settings import is_loopback
from workers.cluster.prometheus_entry import PrometheusEntry
from workers.topline.refusals import TooMuch, Unanswered, refusal

log = logging.getLogger(__name__)

CONNECT_SECONDS, SILENT_SECONDS, WHOLE_SECONDS = 5.0, 15.0, 20.0
MOST_BYTES = 8_000_000
_PIECE = 64 * 1024


@dataclass(frozen=True)
class Series:
    """One series: its labels, and (seconds since 1970, value) of each step; what is no number is None."""

    labels: Mapping[str, str]
    values: tuple[tuple[float, float | None], ...]


class _Token(AuthBase):
    """Signs in by a token, or by nothing; as `auth` it also keeps a ~/.netrc from adding something."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Prometheus:
    """One server, for as long as a worker asks it."""

    def __init__(self, entry: PrometheusEntry, url: str) -> None:
        self._url = url
        self._http = requests.Session()
        self._http.auth = _auth(entry)
        self._http.verify = str(entry.ca_file) if entry.ca_file else True
        # A proxy of the environment knows nothing of this machine's own loopback, nor of a cluster's Services.
        self._http.trust_env = False if is_loopback(_host(url)) or not entry.url else self._http.trust_env

    def __enter__(self) -> Prometheus:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def at(self, query: str, at: int) -> list[Series]:
        """What a query gives at one time; raises Unanswered, TooMuch."""
        return self._ask("query", {"query": query, "time": str(at)})

    def over(self, query: str, start: int, end: int) -> list[Series]:
        """What a query gives at each minute; raises Unanswered, TooMuch."""
        return self._ask("query_range", {"query": query, "start": str(start), "end": str(end), "step": "60"})

    def _ask(self, path: str, form: dict[str, str]) -> list[Series]:
        give_up = time.monotonic() + WHOLE_SECONDS
        try:
            answer = self._http.post(
                f"{self._url}/api/v1/{path}",
                data={**form, "timeout": f"{SILENT_SECONDS:.0f}s"},
                timeout=(CONNECT_SECONDS, SILENT_SECONDS),
                allow_redirects=False,
                stream=True,
            )
            with answer:
                body = _body(answer, give_up)
        except (requests.RequestException, OSError) as error:
            log.warning("Prometheus at %s: %s", _host(self._url), type(error).__name__)
            raise refusal(error) from error
        return list(_series(answer, body))


def _auth(entry: PrometheusEntry) -> AuthBase:
    if entry.username is not None and entry.password_file is not None:
        return HTTPBasicAuth(entry.username.encode(), _secret(entry.password_file).encode())
    return _Token(_secret(entry.token_file) if entry.token_file else None)


def _secret(path: Path) -> str:
    try:
        found = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        log.warning("the clusters file names %s for Prometheus, which cannot be read: %s", path, type(error).__name__)
        raise Unanswered("What signs in there cannot be read: your platform operators must mend its file.") from error
    if not found.isprintable() or not found:
        raise Unanswered("What signs in there is no secret: your platform operators must mend its file.")
    return found


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _body(answer: requests.Response, give_up: float) -> bytes:
    found = bytearray()
    for piece in answer.iter_content(_PIECE):
        found += piece
        if len(found) > MOST_BYTES:
            raise TooMuch(f"It answered with more than {MOST_BYTES // 1_000_000} MB for one namespace.")
        if time.monotonic() > give_up:
            raise requests.Timeout("the answer took too long")
    return bytes(found)


def _series(answer: requests.Response, body: bytes) -> Iterator[Series]:
    """The series of an answer; raises Unanswered where it is a refusal, or not a Prometheus' own."""
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if not answer.ok or answer.is_redirect or not isinstance(said, dict) or said.get("status") != "success":
        raise refusal(answer, said if isinstance(said, dict) else {})
    try:
        for one in said["data"]["result"]:
            pairs = one["values"] if "values" in one else [one["value"]]
            yield Series(_labels(one["metric"]), tuple((float(at), _number(value)) for at, value in pairs))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise refusal(answer, {}) from error


def _labels(metric: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in metric.items()}


def _number(text: Any) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None
