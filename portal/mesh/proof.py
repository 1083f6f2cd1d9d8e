"""Whether the pods that run show what their template asks for: the proof behind ACTIVE and CLOSED. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from portal.mesh.annotations import (
    DEBUG_SIDECAR,
    SKIP_INBOUND,
    SKIP_OUTBOUND,
    MeshDefaults,
    effective,
    effective_skip,
    is_true,
)
from portal.mesh.injection import why_not_injected
from portal.mesh.pods import PodFacts, pod_facts
from portal.mesh.ports import PROXY_PORTS, Ports
from portal.mesh.rollouts import Rollout, rollout_of
from portal.mesh.workloads import DEBUG_CONTAINER, template_annotations, template_of

# Their status counts no generations, and a change of their template replaces no pods.
_NOT_ROLLED = ("CronJob", "Job")


@dataclass(frozen=True)
class Proof:
    """What the pods of one workload show: `waiting` says in sentences what still differs.

    `rolls` is False for a CronJob and a Job: a change of the template replaces no pods, the next ones are made from it.
    """

    rollout: Rollout
    observed: bool
    waiting: tuple[str, ...]
    pods: tuple[PodFacts, ...]
    rolls: bool = True

    @property
    def matching(self) -> bool:
        """True when the controller has seen the template and every pod that still runs shows it."""
        return self.observed and not self.waiting

    @property
    def rolled_out(self) -> bool:
        """True when moreover the rollout is complete, or the template was read where nothing rolls."""
        return not self.rolls or (self.matching and self.rollout.complete)

    def progress(self) -> dict[str, Any]:
        """The rollout in numbers and sentences, JSON-safe."""
        return {**asdict(self.rollout), "waiting": list(self.waiting)}


def prove(
    obj: Mapping[str, Any],
    pods: list[dict[str, Any]],
    *,
    namespace: dict[str, Any],
    defaults: MeshDefaults,
    webhook: dict[str, Any] | None,
) -> Proof:
    """Compare the pods of a workload that are not finished with what its template asks for now."""
    workload = dict(obj)
    facts = tuple(pod_facts(pod) for pod in pods)
    running = [pod for pod in facts if not pod.finished]
    asked = _asked(workload, namespace, defaults, webhook)
    waiting = tuple(sentence for pod in running for sentence in _differences(pod, asked))
    rolls = workload.get("kind") not in _NOT_ROLLED
    return Proof(rollout_of(workload), _observed(workload), waiting, facts, rolls)


def _observed(obj: Mapping[str, Any]) -> bool:
    status = obj.get("status") or {}
    if obj.get("kind") in _NOT_ROLLED:
        return True
    return int(status.get("observedGeneration") or 0) >= int(obj["metadata"].get("generation") or 0)


@dataclass(frozen=True)
class _Asked:
    meshed: bool
    skip_inbound: Ports
    skip_outbound: Ports
    debug: bool


def _asked(
    obj: dict[str, Any], namespace: dict[str, Any], defaults: MeshDefaults, webhook: dict[str, Any] | None
) -> _Asked:
    template, inherited = template_annotations(obj), namespace.get("metadata", {}).get("annotations") or {}
    reasons = why_not_injected(
        pod_template_or_pod=template_of(obj), namespace=namespace, webhook=webhook, defaults=defaults
    )
    return _Asked(
        meshed=not reasons,
        skip_inbound=_lenient(effective_skip(SKIP_INBOUND, template, inherited, defaults).value),
        skip_outbound=_lenient(effective_skip(SKIP_OUTBOUND, template, inherited, defaults).value),
        debug=is_true(effective(DEBUG_SIDECAR, template, inherited, defaults).value),
    )


def _lenient(text: str | None) -> Ports:
    """The ports that Linkerd itself takes from a value, without its own."""
    return Ports.entries(text) - PROXY_PORTS


def _differences(pod: PodFacts, asked: _Asked) -> Iterator[str]:
    where = f"pod {pod.name}{' (terminating)' if pod.terminating else ''}"
    if pod.meshed != asked.meshed:
        yield f"{where} {'still runs with' if pod.meshed else 'runs without'} the proxy"
        return
    if not asked.meshed:
        return
    for words, shown, wanted in (
        ("inbound", pod.skip_inbound, asked.skip_inbound),
        ("outbound", pod.skip_outbound, asked.skip_outbound),
    ):
        if shown is not None and _lenient(shown) != wanted:
            yield f"{where} still skips {words} {shown or 'nothing'} instead of {wanted or 'nothing'}"
    if (DEBUG_CONTAINER in pod.containers) != asked.debug:
        yield f"{where} {'runs without' if asked.debug else 'still runs with'} the debug container"
