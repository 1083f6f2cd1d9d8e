"""The kind `job-completion`: Jobs and CronJobs whose finished pods the proxy keeps running, let end.

By a native sidecar, by the proxy's shutdown endpoint, or without the proxy. The registry holds it; everything else
knows it as a Kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from portal.kinds.base import Asked, Fields, InventoryView, Part, WorkloadKind
from portal.kinds.encryption_exception import ApplicationEncryptionSchema
from portal.kinds.workloads_field import MOST_WORKLOADS, Strict
from portal.mesh.commands import Command
from portal.mesh.demands import no_proxy_blockers
from portal.mesh.destinations import Destination
from portal.mesh.findings import Finding, Severity
from portal.mesh.job_calls import VARIANTS
from portal.mesh.job_findings import free_of_others, job_findings, ways_of
from portal.mesh.job_manifests import Corrected, manifest_for
from portal.mesh.job_ways import NO_PROXY, SHUTDOWN, WAYS, Way
from portal.mesh.jobs import unpatchable_job
from portal.mesh.ports import Ports
from portal.mesh.probing.plan import Wish
from portal.mesh.want import NOTHING, Want
from portal.mesh.workloads import WorkloadRef, container_ports

JOBS = ("job", "cronjob")
_ONLY_FOR = {"variant": SHUTDOWN, "application_encryption": NO_PROXY, "calls": NO_PROXY}
_NEEDED = {
    "variant": f"Say how the Job calls the proxy: {', '.join(VARIANTS)}.",
    "application_encryption": "Say how the application encrypts or, where it does not, why the risk is accepted.",
    "calls": "Name what the Job calls, like service/db:5432; an empty list where it calls nothing in the cluster.",
}


class JobName(fields.String):
    """Loads `cronjob/report`; refuses all that is neither a Job nor a CronJob."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs).strip()
        try:
            kind = WorkloadRef.parse(text, "").kind
        except ValueError as error:
            raise ValidationError(str(error)) from error
        if kind not in JOBS:
            raise ValidationError(f'"{text}" ends by itself or never: name Jobs and CronJobs, like cronjob/report.')
        return text


class CallName(fields.String):
    """Loads `service/db:5432` or `data/db`, as `Destination.parse` reads them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs).strip()
        try:
            Destination.parse(text, "")
        except ValueError as error:
            raise ValidationError(str(error)) from error
        return text


class JobCompletionSchema(Strict):
    """What the fields of a request to let Jobs end must be; loads them canonical."""

    jobs = fields.List(
        JobName(),
        required=True,
        validate=validate.Length(1, MOST_WORKLOADS, error=f"Name 1 to {MOST_WORKLOADS} Jobs and CronJobs."),
        metadata={"description": "Jobs and CronJobs of the namespace, like cronjob/report."},
    )
    way = fields.String(
        required=True,
        validate=validate.OneOf(WAYS, error=f"Choose {', '.join(WAYS)}."),
        metadata={
            "description": "native-sidecar: the proxy ends with the Job. shutdown: the Job tells it to. no-proxy: "
            "there is none, and no encryption by the mesh."
        },
    )
    variant = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(VARIANTS, error=f"Choose {', '.join(VARIANTS)}."),
        metadata={"description": "For shutdown: who calls the proxy in the manifest that the ticket gives."},
    )
    application_encryption = fields.Nested(
        ApplicationEncryptionSchema,
        load_default=None,
        allow_none=True,
        metadata={"description": "For no-proxy: how the traffic is protected while the mesh does not protect it."},
    )
    calls = fields.List(
        CallName(),
        load_default=None,
        allow_none=True,
        validate=validate.Length(0, MOST_WORKLOADS, error=f"Name at most {MOST_WORKLOADS} destinations."),
        metadata={
            "description": "For no-proxy: the Services that the Jobs call, like service/db:5432, or data/db of another "
            "namespace; an empty list for none."
        },
    )

    @validates_schema
    def _fits_the_way(self, data: Fields, **_: Any) -> None:
        errors = {}
        for name, way in _ONLY_FOR.items():
            given = data.get(name) is not None
            if given and data["way"] != way:
                errors[name] = [f"That belongs to the way {way}: leave it out."]
            elif not given and data["way"] == way:
                errors[name] = [_NEEDED[name]]
        if errors:
            raise ValidationError(errors)

    @post_load
    def _merge_duplicates(self, data: Fields, **_: Any) -> Fields:
        calls = data["calls"]
        once = None if calls is None else list(dict.fromkeys(calls))
        return {**data, "jobs": list(dict.fromkeys(data["jobs"])), "calls": once}


class JobCompletion(WorkloadKind):
    """Jobs and CronJobs that end when their own work has ended."""

    name = "job-completion"
    title = "Jobs that end"
    summary = (
        "Let your Jobs and CronJobs complete although they have a proxy: by a native sidecar, by calling the proxy's "
        "shutdown endpoint, or without the proxy. No pod restarts; what cannot be changed you get as a manifest."
    )
    costs = (
        "No pod restarts. With a native sidecar or the shutdown endpoint everything stays encrypted; without "
        "the proxy the traffic of the Job is not."
    )
    needs = "The Jobs and CronJobs, and the way that fits them: the form says which do."
    schema = JobCompletionSchema()
    shrinkable = {"jobs": Part.LIST}  # noqa: RUF012
    listed_in = "jobs"

    def targets(self, fields: Fields, namespace: str | None) -> list[WorkloadRef]:
        """The named Jobs and CronJobs."""
        return [WorkloadRef.parse(text, namespace or "") for text in fields["jobs"]]

    def wants(self, fields: Fields, view: InventoryView) -> Want:
        """The annotations of the way, where the pod template can be changed."""
        return NOTHING if unpatchable_job(view.obj) else Want(settings=_way(fields, view).settings)

    def calls(self, fields: Fields, namespace: str) -> list[Destination]:
        """What Jobs without a proxy call."""
        return [Destination.parse(text, namespace) for text in fields["calls"] or []]

    def to_probe(self, fields: Fields, obj: Mapping[str, Any]) -> Wish:
        """Without a proxy the ports of the containers, and those of what the Jobs call as far as they are named."""
        if fields["way"] != NO_PROXY:
            return Wish()
        called = [one.port for one in self.calls(fields, "") if one.port is not None]
        return Wish(container_ports(obj), Ports.of(*called), all_outbound=len(called) < len(fields["calls"]))

    def corrected(self, fields: Fields, view: InventoryView) -> Corrected | None:
        """The manifest with the way in it; None where there can be none, which `checks` say."""
        try:
            return manifest_for(free_of_others(view), _way(fields, view), variant=fields["variant"])
        except ValueError:
            return None

    def routing_facts(self, fields: Fields, context: Sequence[InventoryView]) -> dict[str, Any]:
        """`mode` is the way; without a proxy there is also `application_encryption` (none, claimed)."""
        if fields["way"] != NO_PROXY:
            return {"mode": fields["way"]}
        encrypted = fields["application_encryption"]["encrypted"]
        return {"mode": NO_PROXY, "application_encryption": "claimed" if encrypted else "none"}

    def identity(self, fields: Fields) -> dict[str, Any]:
        """Jobs, way and variant; what they call and how they encrypt explains and is no part of it."""
        return {"jobs": sorted(fields["jobs"]), "way": fields["way"], "variant": fields["variant"]}

    def notes(self, raw: Mapping[str, Any]) -> list[str]:
        """What was named twice."""
        found = []
        for name in ("jobs", "calls"):
            named = [text.strip() for text in raw.get(name) or []]
            twice = [text for text in dict.fromkeys(named) if named.count(text) > 1]
            found += [f"{', '.join(twice)} was named more than once and counts once."] if twice else []
        return found

    def checks(self, fields: Fields, views: Sequence[InventoryView]) -> list[Finding]:
        """The findings of each Job and, without a proxy, of what they call."""
        found = [one for view in views for one in job_findings(view, _way(fields, view), fields["variant"])]
        return found + [one for view in views for one in self._called(fields, view)]

    def _called(self, fields: Fields, view: InventoryView) -> list[Finding]:
        destinations = self.calls(fields, view.ref.namespace)
        if view.called is not None:
            return no_proxy_blockers(destinations, view.called)
        if not destinations:
            return []
        fact = f"Whether {', '.join(map(str, destinations))} take calls without a mesh identity was not looked at yet."
        meaning = "A worker looks at that before anybody decides."
        return [Finding("destinations-not-looked-at", Severity.INFO, str(view.ref), fact, meaning)]

    def usage(self, asked: Asked) -> list[Command]:
        """How to get the corrected manifests."""
        return [
            Command("Show the corrected manifests", f"meshdesk manifests {asked.ref}"),
            Command("Save them as files", f"meshdesk manifests {asked.ref} --output {asked.ref.lower()}"),
        ]


def _way(fields: Fields, view: InventoryView) -> Way:
    return next(way for way in ways_of(view) if way.name == fields["way"])
