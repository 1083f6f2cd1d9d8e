"""What an API server's answer means: kubernetes_api.py asks which error it is. Pure; decides by status and message.

An answer that is not of the API server's own making (a proxy's 404 page) must never read as `Gone`: during an undo that
would be taken for success.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from portal.errors import ClusterError, Gone
from workers.cluster import refusals
from workers.cluster.object_paths import Home

Object = dict[str, Any]

_WEBHOOK_DENIED = re.compile(r'^admission webhook "[^"]*" denied the request')
_POLICY_DENIED = re.compile(r"ValidatingAdmissionPolicy '[^']*' with binding '[^']*' denied request")
_RBAC = re.compile(r'\bUser "(?P<user>[^"]*)" cannot (?P<verb>\w+) resource')
_ESCALATION = "is attempting to grant RBAC permissions not currently held"
_TERMINATING = re.compile(r"unable to create new content in namespace (?P<name>\S+) because it is being terminated")
_ANONYMOUS = "system:anonymous"
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _CONFLICT = 401, 403, 404, 409
_REFUSED, _TROUBLED = 400, 500
_DONE = range(200, 300)
_LATER = {408, 429}


class NotServed(Gone):
    """The API server knows no such kind in that version, so no object of it can be there either."""


@dataclass(frozen=True)
class Ask:
    """One call: method, path, what it is about in words (`deployment/emoji in emojivoto`), query and body.

    `home` is set where the API server may know no such kind, so that a 404 must be told from that of a missing object.
    `only_metadata` has the API server leave out the rest of each object of a list.
    """

    method: str
    path: str
    where: str
    query: tuple[tuple[str, str], ...] = ()
    body: Object | None = None
    home: Home | None = None
    only_metadata: bool = False


# While it starts, an API server forbids whatever it has not read the rules for yet; then it is not ready either.
READINESS = Ask("GET", "/readyz", "its readiness")
VERSION = Ask("GET", "/version", "its version")
GROUPS = Ask("GET", "/apis", "its API groups")


@dataclass(frozen=True)
class Answer:
    """An HTTP status and the JSON object that came with it, None where it was something else."""

    status: int
    body: Object | None

    @property
    def done(self) -> bool:
        """Whether the status says so, whatever came with it."""
        return self.status in _DONE

    @property
    def forbids(self) -> bool:
        """Whether the API server itself says that the caller may not, and no admission policy of the cluster's."""
        return self.status == _FORBIDDEN and self.is_status and not is_denial(self.message)

    @property
    def ok(self) -> bool:
        """Whether the call did what was asked, and an API server says so."""
        return self.done and self.body is not None and "kind" in self.body

    @property
    def message(self) -> str:
        """What the API server said, "" where it said nothing."""
        return str((self.body or {}).get("message") or "")

    @property
    def is_status(self) -> bool:
        """Whether this is an API server's own word on a failure."""
        return self.body is not None and self.body.get("kind") == "Status"

    @property
    def details(self) -> Object:
        """What the API server said of the object in question."""
        return (self.body or {}).get("details") or {}

    @property
    def unknown_path(self) -> bool:
        """Whether nothing is known at that path: no word of a named object that is not there, nor of a denial."""
        named = self.is_status and (self.details.get("name") or is_denial(self.message))
        return self.status == _NOT_FOUND and not named

    @property
    def unknown_caller(self) -> bool:
        """Whether the API server does not know who is calling; without a token one is `system:anonymous`."""
        if not self.is_status or is_denial(self.message):
            return False
        rbac = _RBAC.search(self.message)
        return self.status == _UNAUTHORIZED or (rbac is not None and rbac["user"] == _ANONYMOUS)


def read_answer(status: int, raw: bytes) -> Answer:
    """The answer of these bytes; never raises."""
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    return Answer(status, body if isinstance(body, dict) else None)


def is_denial(message: str) -> bool:
    """Whether an admission webhook or policy said no; they choose their status freely, 404 and 500 too."""
    return bool(_WEBHOOK_DENIED.search(message) or _POLICY_DENIED.search(message))


def failure(cluster: str, ask: Ask, answer: Answer) -> ClusterError:
    """The error that an answer which is not ok stands for."""
    if answer.is_status and is_denial(answer.message):
        return refusals.denied(answer.message)
    if answer.status >= _TROUBLED or answer.status in _LATER:
        return refusals.troubled(cluster, answer.message or f"status {answer.status}")
    if not answer.is_status or answer.status < _REFUSED:
        return refusals.not_an_api_server(cluster)
    if answer.unknown_caller:
        return refusals.not_known(cluster)
    return _named_failure(cluster, ask, answer)


def without_kind(home: Home, groups: Answer, resources: Answer) -> bool:
    """Whether the API server itself says, by what it answers to GROUPS and at `home.base`, that it lacks that kind."""
    if "/" in home.group_version:
        if not groups.ok or (groups.body or {}).get("kind") != "APIGroupList":
            return False
        listed = [version for group in (groups.body or {})["groups"] for version in group["versions"]]
        if home.group_version not in {version["groupVersion"] for version in listed}:
            return True
    if not resources.ok or (resources.body or {}).get("kind") != "APIResourceList":
        return False
    return home.plural not in {resource["name"] for resource in (resources.body or {})["resources"]}


def _named_failure(cluster: str, ask: Ask, answer: Answer) -> ClusterError:
    if answer.status == _FORBIDDEN:
        return _forbidden(cluster, ask, answer.message)
    if answer.status == _NOT_FOUND:
        return _not_found(cluster, ask, answer)
    if answer.status == _CONFLICT:
        there = ask.method == "POST" and (answer.body or {}).get("reason") == "AlreadyExists"
        return refusals.already_there(cluster, ask.where) if there else refusals.conflict(ask.where)
    return refusals.invalid(answer.message or f"status {answer.status}")


def _forbidden(cluster: str, ask: Ask, message: str) -> ClusterError:
    if rbac := _RBAC.search(message):
        return refusals.not_allowed(rbac["verb"], ask.where)
    if ending := _TERMINATING.search(message):
        return refusals.terminating(cluster, ending["name"])
    if _ESCALATION in message:
        return refusals.not_granted("bind" if "bindings" in ask.path else "escalate", ask.where)
    return refusals.denied(message)


def _not_found(cluster: str, ask: Ask, answer: Answer) -> ClusterError:
    if answer.unknown_path:
        # Without a name it is the kind that is not served, as while an API server starts.
        return refusals.not_an_api_server(cluster)
    if ask.method != "POST":
        return refusals.gone(cluster, ask.where)
    if answer.details.get("kind") == "namespaces":
        return refusals.no_namespace(cluster, answer.details["name"])
    # What it refers to is not there: a role that is to be bound, which only a right to bind it lets pass.
    return refusals.invalid(answer.message)
