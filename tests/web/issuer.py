"""An OpenID provider of the tests' own, over HTTP, for what a good one never does: wrong issuers, stray keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from joserfc.jws import JWSRegistry

CLIENT = "meshdesk"


class Issuer:
    """A provider whose every answer a test may bend; `asked` counts the requests by path."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.asked: Counter[str] = Counter()
        self.away = False
        self.document: dict[str, Any] = {}
        self.userinfo: dict[str, Any] | None = None
        self.claims: dict[str, Any] = {"sub": "subject-1", "preferred_username": "member", "groups": []}
        self.header: dict[str, Any] = {}
        self.sealed: Any = None
        self._codes: dict[str, dict[str, str]] = {}
        self._rotations = 0
        self.rotate()

    def rotate(self) -> None:
        """Sign by a new key from now on; the old one is published no more."""
        self.key = _key(self._rotations)
        self._rotations += 1

    def token(self, *, key: Any = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A JWT for the API; claims that are None are left out, spans count from now."""
        now = int(time.time())
        whole = {"iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 300, **self.claims, **claims}
        whole = {name: _since(now, value) for name, value in whole.items() if value is not None}
        head = {"alg": "RS256", "kid": self.key.kid, **self.header, **(header or {})}
        registry = JWSRegistry(algorithms=[head["alg"]], strict_check_header=False)
        return jwt.encode(head, whole, key or self.key, registry=registry)

    def unsigned(self, **claims: Any) -> str:
        """A JWT with `alg: none`."""
        _, payload, _ = self.token(**claims).split(".")
        return f"{_b64(json.dumps({'alg': 'none', 'typ': 'JWT'}).encode())}.{payload}."

    def signed_by_public_key(self, **claims: Any) -> str:
        """A JWT with `alg: HS256` whose shared secret is the public key, as anybody could make it."""
        _, payload, _ = self.token(**claims).split(".")
        signed = f"{_b64(json.dumps({'alg': 'HS256', 'kid': self.key.kid}).encode())}.{payload}"
        # By hand: no library helps with this any more.
        seal = hmac.digest(self.key.as_pem(private=False), signed.encode(), "sha256")
        return f"{signed}.{_b64(seal)}"

    def agree(self, location: str) -> dict[str, str]:
        """Let somebody sign in who was sent here; what the browser takes back as its query."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, Any]:
        """What a request gets."""
        self.asked[path] += 1
        if self.away:
            return 503, {}
        return {
            "/.well-known/openid-configuration": lambda: (200, self._discovery()),
            "/jwks": lambda: (200, KeySet([self.key]).as_dict(private=False)),
            "/token": lambda: self._redeem(form),
            "/userinfo": lambda: (200, self.userinfo),
        }.get(path, lambda: (404, {}))()

    def _discovery(self) -> dict[str, Any]:
        ways = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
        more = {"userinfo_endpoint": f"{self.address}/userinfo"} if self.userinfo else {}
        found = {name: f"{self.address}/{path}" for name, path in ways.items()}
        return {"issuer": self.address, **found, **more, **self.document}

    def _redeem(self, form: dict[str, str]) -> tuple[int, Any]:
        asked = self._codes.pop(form.get("code", ""), None)
        verifier = form.get("code_verifier", "").encode()
        if asked is None or _b64(hashlib.sha256(verifier).digest()) != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        token = self.sealed or self.token(**{"nonce": asked["nonce"], **self.claims})
        return 200, {"access_token": "opaque", "token_type": "Bearer", "id_token": token}


@cache
def _key(number: int) -> RSAKey:
    """The first key of every provider, the second, and so on: they are dear to make, and no two providers meet."""
    return RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"}, private=True)


def _since(now: int, value: Any) -> Any:
    return now + int(value.total_seconds()) if isinstance(value, timedelta) else value


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    """The provider on a port of its own."""
    held: dict[str, Issuer] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            self._answer({name: values[0] for name, values in parse_qs(body).items()})

        def _answer(self, form: dict[str, str]) -> None:
            status, found = held["issuer"].answer(urlsplit(self.path).path, form)
            data = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the library names it
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    held["issuer"] = Issuer(f"http://127.0.0.1:{server.server_port}")
    try:
        yield held["issuer"]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
