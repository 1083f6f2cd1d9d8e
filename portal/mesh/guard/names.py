"""How the guard's objects are called and which modes there are; renderers, workers and pages read it. Pure."""

from __future__ import annotations

from enum import StrEnum

NAMESPACE = "meshdesk-guard"
PARAMETERS = "meshdesk-guard"
WORKLOADS = "meshdesk-guard-workloads"
NAMESPACES = "meshdesk-guard-namespaces"
POLICIES = (WORKLOADS, NAMESPACES)
API = "admissionregistration.k8s.io/v1"
POLICY, BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"
MANAGER = "meshdesk"


class Mode(StrEnum):
    """What the guard does in a namespace; in each mode more than in the one before."""

    OFF = "off"
    AUDIT = "audit"
    WARN = "warn"
    DENY = "deny"


ACTIVE = (Mode.AUDIT, Mode.WARN, Mode.DENY)
MODES = tuple(mode.value for mode in Mode)


def binding_name(policy: str, mode: Mode) -> str:
    """The name of a policy's binding for one mode."""
    return f"{policy}-{mode}"


def is_guards(sentence: str) -> bool:
    """Whether a refusal was the guard's: the API server names the policy that denied."""
    return any(f"ValidatingAdmissionPolicy '{policy}'" in sentence for policy in POLICIES)
