"""The errors that clusters raise, in sentences that a tenant understands; both implementations use them."""

from __future__ import annotations

from portal.errors import AlreadyExists, Conflict, Gone, Refused, Transient

_LONGEST_MESSAGE = 300
_DEEDS = {"patch": "change", "create": "create", "delete": "delete"}
_GRANTS = {"escalate": "escalate it", "bind": "bind its role"}


def one_line(message: str) -> str:
    """A message of an API server on one line, cut at 300 characters, without a full stop at its end."""
    line = " ".join(message.split())
    return line.rstrip(".") if len(line) <= _LONGEST_MESSAGE else line[: _LONGEST_MESSAGE - 1] + "…"


def place(what: str, namespace: str | None) -> str:
    """`deployment/emoji in emojivoto`, or only the thing where it has no namespace."""
    return f"{what} in {namespace}" if namespace else what


def gone(cluster: str, where: str) -> Gone:
    """The thing is not in the cluster."""
    return Gone(f"There is no {where} on cluster {cluster}.")


def no_namespace(cluster: str, namespace: str) -> Gone:
    """The namespace of something that was to be created is not there."""
    return Gone(f"There is no namespace {namespace} on cluster {cluster}.")


def already_there(cluster: str, where: str) -> AlreadyExists:
    """Something of that name was there before."""
    return AlreadyExists(
        f"{where} is already there on cluster {cluster}, and Meshdesk takes over nothing that it did not create: "
        "whoever made it must rename it or take it away."
    )


def terminating(cluster: str, namespace: str) -> Transient:
    """Nothing can be created in a namespace that is being deleted."""
    return Transient(
        f"Namespace {namespace} on cluster {cluster} is being deleted and takes nothing new; "
        "this is tried again by itself."
    )


def not_served(cluster: str, api_version: str, kind: str) -> Refused:
    """The API server knows no such kind in that version."""
    return Refused(
        f"Cluster {cluster} does not serve {kind} of {api_version}: "
        "your platform operators must install what defines it."
    )


def conflict(where: str) -> Conflict:
    """Somebody else wrote the thing since it was read."""
    return Conflict(f"{where} was changed by somebody else since it was read; it is read again by itself.")


def not_allowed(verb: str, where: str) -> Refused:
    """RBAC does not let Meshdesk's own account do it."""
    deed = _DEEDS.get(verb, "read")
    return Refused(
        f"The cluster does not let Meshdesk {deed} {where} (RBAC). "
        f"Your platform operators must give its service account the right to {verb} it."
    )


def not_granted(verb: str, where: str) -> Refused:
    """RBAC lets nobody give rights that they lack, but for `escalate` on the role or `bind` on what is bound."""
    return Refused(
        f"The cluster does not let Meshdesk grant what {where} grants (RBAC). "
        f"Your platform operators must give its service account the right to {_GRANTS[verb]}."
    )


def denied(message: str) -> Refused:
    """An admission policy or webhook said no; its message was written for people and is kept."""
    return Refused(f"An admission policy of the cluster refused the change: {one_line(message)}.")


def invalid(message: str) -> Refused:
    """The API server finds that the object, as it would be, breaks a rule."""
    return Refused(f"The API server refused the change: {one_line(message)}.")


def unreachable(cluster: str) -> Transient:
    """Nothing answers, or not in time."""
    return Transient(f"Cluster {cluster} does not answer; this is tried again by itself.")


def not_known(cluster: str) -> Transient:
    """The API server does not accept the credentials: they expired, or are being renewed."""
    return Transient(
        f"Cluster {cluster} does not accept Meshdesk's credentials; this is tried again by itself, "
        "and if it lasts your platform operators must renew them."
    )


def not_an_api_server(cluster: str) -> Transient:
    """Something answers that does not speak like an API server (a proxy's error page, a start that is not over)."""
    return Transient(
        f"What answers for cluster {cluster} is not its API server at present; this is tried again by itself."
    )


def starting(cluster: str, message: str) -> Transient:
    """The API server forbids it and does not say that it is ready: it starts, and has not read its rules yet."""
    return Transient(
        f"The API server of cluster {cluster} is not ready and refuses this for now ({one_line(message)}); "
        "this is tried again by itself."
    )


def troubled(cluster: str, message: str) -> Transient:
    """The API server answers that it cannot now (5xx, 429)."""
    return Transient(
        f"Cluster {cluster} cannot do this at present ({one_line(message)}); this is tried again by itself."
    )
