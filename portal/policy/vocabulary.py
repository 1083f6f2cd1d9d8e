"""What a policy can route by: the words of its rules, and which requests have a mode or an encryption at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

ENVIRONMENTS = ("sandbox", "staging", "production")
ENCRYPTIONS = ("none", "claimed", "verified")
GROUPS = ("tenant-owner", "security-partner", "platform-operator")

_UNASKED = (None,)
_SHAPES: dict[str, dict[str | None, tuple[str | None, ...]]] = {
    "encryption-exception": {"skip-ports": ENCRYPTIONS, "disable-injection": ENCRYPTIONS},
    "viz-enablement": {None: _UNASKED},
    "debug-sidecar": {None: _UNASKED},
    "control-plane-egress": {None: _UNASKED},
    # A Job without its proxy is an exception from encryption like any other.
    "job-completion": {"native-sidecar": _UNASKED, "shutdown": _UNASKED, "no-proxy": ENCRYPTIONS},
    "generic": {None: _UNASKED},
}
KINDS = tuple(_SHAPES)
MODES = tuple(mode for modes in _SHAPES.values() for mode in modes if mode is not None)


@dataclass(frozen=True)
class Facts:
    """What the policy routes one workload's request by; mode and application_encryption where the kind has them."""

    kind: str
    environment: str
    tenant: str
    mode: str | None = None
    application_encryption: str | None = None

    def __str__(self) -> str:
        """`encryption-exception in production for tenant books (skip-ports, application encryption none)`."""
        return f"{self.kind} in {self.environment} for tenant {self.tenant}{self.detail}"

    @property
    def detail(self) -> str:
        """The mode and the encryption in brackets, or nothing where the kind has neither."""
        encryption = f"application encryption {self.application_encryption}" if self.application_encryption else None
        parts = [part for part in (self.mode, encryption) if part]
        return f" ({', '.join(parts)})" if parts else ""


def every_request(tenant: str) -> Iterator[Facts]:
    """Every combination of facts that a request of this tenant can have."""
    for kind, modes in _SHAPES.items():
        for mode, encryptions in modes.items():
            for encryption in encryptions:
                for environment in ENVIRONMENTS:
                    yield Facts(kind, environment, tenant, mode, encryption)
