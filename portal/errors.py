"""Named refusals. Every layer raises them; each edge (API, page, CLI, task) maps them once. Imports nothing."""

from __future__ import annotations


class MeshdeskError(Exception):
    """A refusal with a sentence that tells the person what to do next."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Invalid(MeshdeskError):
    """Input that breaks a rule: `errors` gives sentences by field path (`fields.inbound`)."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__("; ".join(f"{field}: {' '.join(sentences)}" for field, sentences in errors.items()))
        self.errors = errors


class NotFound(MeshdeskError):
    """There is no such thing, or it is another tenant's: both answer alike."""


class SignInNeeded(MeshdeskError):
    """Nobody is signed in, or the token is unknown, expired or revoked."""


class Forbidden(MeshdeskError):
    """The person is known, may see this, and may not do it."""


class WrongState(MeshdeskError):
    """The ticket is in a state that does not allow this."""


class Duplicate(MeshdeskError):
    """The same is already asked or open; `ref` names it."""

    def __init__(self, sentence: str, *, ref: str) -> None:
        super().__init__(sentence)
        self.ref = ref


class NotReady(MeshdeskError):
    """Something must be known first: no preflight yet, or it found what blocks the change."""


class LostRace(MeshdeskError):
    """Somebody else changed the ticket at the same moment; read it again."""


class Stale(MeshdeskError):
    """The version that the caller saw is not the present one."""


class VersionNeeded(MeshdeskError):
    """A decision was sent without the version that the decider saw."""


class KeyReused(MeshdeskError):
    """An Idempotency-Key came again with another body."""


class LostClaim(MeshdeskError):
    """A worker's lease ended and another worker may hold the ticket now."""


class ConfigurationError(MeshdeskError):
    """A setting or a configuration file cannot be used as it is."""


class ProviderAway(MeshdeskError):
    """The identity provider does not answer; whoever is signed in already goes on."""


class ClusterError(MeshdeskError):
    """A cluster did not do what was asked."""


class Transient(ClusterError):
    """Worth trying again by itself: timeouts, an API server that is away, throttling."""


class Conflict(Transient):
    """The object changed since it was read (409): read it again and work out the change anew."""


class AlreadyExists(ClusterError):
    """An object of that name is there already (409 on create): ours only when it carries our nonce."""


class Refused(ClusterError):
    """The cluster said no (403, an admission denial, an invalid object): a person must look."""


class Gone(ClusterError):
    """The object is not there (404). During an undo that is success."""
