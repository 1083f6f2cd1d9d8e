"""From how one port answered to what that means for the ticket: the one place that says verified or contradicted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from portal.mesh.findings import Severity
from portal.mesh.probing.results import Finding, Result, Secured
from portal.mesh.probing.speech import Opening, Speech


class Answer(Enum):
    """How a port answered one opening."""

    SECURED = auto()
    CLEAR = auto()
    UNKNOWN = auto()
    REFUSED_TLS = auto()
    CLOSED = auto()
    SILENT = auto()
    NOBODY = auto()
    AWAY = auto()
    UNDIALLED = auto()


@dataclass(frozen=True)
class Attempt:
    """One opening at one port: how it was answered, in which protocol, and what the handshake told."""

    opening: Opening
    answer: Answer
    speech: Speech | None = None
    tls: Secured | None = None
    told: str = ""


@dataclass(frozen=True)
class Policy:
    """What the policies of the mesh do with a caller without a mesh identity, as the worker mostly is.

    Severity BLOCKING: they refuse it; WARNING: they admit some; INFO: nothing of them stands in the way.
    """

    severity: Severity = Severity.INFO
    why: str = ""


_STRENGTH = (
    Answer.SECURED,
    Answer.CLEAR,
    Answer.REFUSED_TLS,
    Answer.UNKNOWN,
    Answer.SILENT,
    Answer.CLOSED,
    Answer.AWAY,
    Answer.NOBODY,
    Answer.UNDIALLED,
)
_SENTENCES = {
    Answer.SILENT: "It takes the connection and says nothing within the time that a probe has.",
    Answer.CLOSED: "It takes the connection and closes it without a word.",
    Answer.NOBODY: "Nothing listens there.",
    Answer.AWAY: "It cannot be reached from the worker: a NetworkPolicy or a firewall may be in between.",
}


def judged(attempts: list[Attempt], policy: Policy | None = None) -> Finding:
    """What the openings that were tried at a port come to; raises ValueError for none."""
    best = min(attempts, key=lambda one: _STRENGTH.index(one.answer))
    if best.answer is Answer.SECURED and best.tls is not None:
        return Finding(Result.VERIFIED, _secured(best.tls), best.tls)
    if best.answer is Answer.UNDIALLED:
        return Finding(Result.NOT_PROBED, best.told)
    reached = best.answer not in (Answer.NOBODY, Answer.AWAY)
    if policy is not None and reached and _refuses(policy, best):
        return Finding(Result.BLOCKED, f"A policy of the mesh turns the probe away: {policy.why}.")
    return _unsecured(best)


def _refuses(policy: Policy, best: Attempt) -> bool:
    """Whether a policy explains the answer; what it refuses wholly, the proxy answers and not the application."""
    if policy.severity is Severity.BLOCKING:
        return True
    return policy.severity is Severity.WARNING and best.answer in (Answer.CLOSED, Answer.SILENT)


def _unsecured(best: Attempt) -> Finding:
    if best.answer is Answer.CLEAR and best.speech is not None:
        without = " and offers no TLS" if best.speech.opening else ""
        return Finding(Result.CONTRADICTED, f"It answers in clear text: {best.speech.protocol}{without}.")
    if best.answer is Answer.UNKNOWN and best.speech is not None:
        return Finding(Result.NO_ANSWER, f"It answers without TLS, in {best.speech.protocol}.")
    if best.answer is Answer.REFUSED_TLS:
        return Finding(Result.NO_ANSWER, f"It speaks TLS and refuses the handshake ({best.told}).")
    return Finding(Result.NO_ANSWER, _SENTENCES[best.answer])


def _secured(tls: Secured) -> str:
    ways = {
        Opening.TLS: "It speaks TLS from the first byte",
        Opening.POSTGRES: "PostgreSQL offers TLS",
        Opening.MYSQL: "MySQL offers TLS",
        Opening.SMTP: "SMTP offers TLS by STARTTLS",
        Opening.LDAP: "LDAP offers TLS by StartTLS",
    }
    way = ways[Opening(tls.after)]
    # A probe that spoke on without TLS would be more than a handshake.
    more = "" if tls.after == Opening.TLS else "; whether it also takes clients without it was not tried"
    return f"{way} ({tls.protocol}, {tls.cipher}){more}." if tls.cipher else f"{way} ({tls.protocol}){more}."
