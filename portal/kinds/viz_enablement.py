"""The kind `viz-enablement`: Linkerd Viz for a while, and who may tap which namespaces with it.

The registry holds it; everything else knows it as a Kind. All tickets of a cluster share its one Viz; the right to tap
is each ticket's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from marshmallow import fields, post_load, validate

from portal.kinds.base import Asked, Fields, ObjectKind, Part, Scope
from portal.kinds.namespaces_field import NamespacesSchema, namespace_notes
from portal.kinds.workloads_field import Strict
from portal.mesh.commands import Command
from portal.mesh.findings import Finding
from portal.mesh.viz.findings import viz_findings
from portal.mesh.viz.order import creation_stages
from portal.mesh.viz.tap import Subject, commands, tap_objects
from portal.mesh.viz.views import TAP, VIZ_REF, TapView, VizView
from portal.mesh.workloads import WorkloadRef

Object = dict[str, Any]

MOST = 50
MOST_SHOWN = 10
# Kubernetes' own names are nobody's to give: `system:masters` rules the cluster, `system:authenticated` is everybody.
_SUBJECT = validate.Regexp(
    r"(?!system:)[^\s\x00-\x1f\x7f](.{0,251}[^\s\x00-\x1f\x7f])?\Z",
    error='"{input}" is no user or group of yours: write the name as the cluster knows it, not one of system:…',
)


class SubjectSchema(Strict):
    """Who may tap, by the name that the cluster's sign-in gives."""

    kind = fields.String(
        required=True,
        validate=validate.OneOf(("User", "Group"), error="Choose User or Group."),
        metadata={"description": "User or Group."},
    )
    name = fields.String(
        required=True, validate=_SUBJECT, metadata={"description": "As Kubernetes knows it (`kubectl auth whoami`)."}
    )


class VizEnablementSchema(NamespacesSchema):
    """What the fields of a request for Viz must be; loads them canonical."""

    subjects = fields.List(
        fields.Nested(SubjectSchema),
        required=True,
        validate=validate.Length(1, MOST, error=f"Name 1 to {MOST} users or groups."),
        metadata={"description": "Who may tap these namespaces."},
    )
    restart = fields.Boolean(
        load_default=False,
        metadata={
            "description": "Restart the meshed workloads of these namespaces whose pods are older than Viz, which "
            "could not be tapped otherwise."
        },
    )

    @post_load
    def _canonical(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        subjects = sorted({Subject(**one) for one in data["subjects"]})
        return {**data, "subjects": [one.to_json() for one in subjects]}


class VizEnablement(ObjectKind[VizView | TapView]):
    """Live traffic of some namespaces, for some people, for some hours."""

    name = "viz-enablement"
    title = "Linkerd Viz for a while"
    summary = (
        "See the live traffic of your namespaces: success rates, latency, top and tap. Linkerd Viz is installed for "
        "the time that you ask for and taken away again; the people you name may tap your namespaces, and no others."
    )
    costs = (
        "Everything stays encrypted. Nothing restarts unless you ask for it: pods older than Viz cannot be "
        "tapped before they do. The people you name see your requests as they pass."
    )
    needs = "The namespaces, who may look, and for how many hours: 24 at most."
    schema = VizEnablementSchema()
    shrinkable = {"namespaces": Part.LIST, "subjects": Part.LIST}  # noqa: RUF012
    scope = Scope.NAMESPACES
    # It is never left running: whoever needs it for longer renews it, which somebody decides anew.
    longest = timedelta(hours=24)

    def targets(self, fields: Fields, namespace: str | None) -> list[WorkloadRef]:
        """The cluster's Viz, then the right to tap in each namespace."""
        return [VIZ_REF, *(WorkloadRef(TAP, name, name) for name in fields["namespaces"])]

    def manifests(self, fields: Fields, view: VizView | TapView, ticket: str) -> list[Object]:
        """The tap rights of a namespace; of Viz itself only which objects there will be, by name."""
        if isinstance(view, TapView):
            return tap_objects(ticket, view.namespace, view.viz_namespace, subjects_of(fields))
        bundle = view.scene.bundle
        if view.installed or bundle is None:
            return []
        return [_named(obj) for stage in creation_stages(bundle) for obj in stage.objects]

    def routing_facts(self, fields: Fields, context: Sequence[VizView | TapView]) -> dict[str, Any]:
        """Nothing but the kind: it has no modes."""
        return {}

    def identity(self, fields: Fields) -> dict[str, Any]:
        """Who may look into what; whether pods are restarted for it makes no other ticket."""
        return {"namespaces": sorted(fields["namespaces"]), "subjects": fields["subjects"]}

    def notes(self, raw: Mapping[str, Any]) -> list[str]:
        """What was put right in the namespaces."""
        return namespace_notes(raw)

    def checks(self, fields: Fields, views: Sequence[VizView | TapView]) -> list[Finding]:
        """The findings of the cluster's Viz and of all namespaces, on the target that is Viz."""
        scenes = [view.scene for view in views if isinstance(view, VizView)]
        return [replace(one, target=str(VIZ_REF)) for scene in scenes for one in viz_findings(scene)]

    def usage(self, asked: Asked) -> list[Command]:
        """Pages of the console, then top and tap, of each namespace and of its first workloads."""
        workloads = asked.workloads[:MOST_SHOWN]
        return commands(asked.fields["namespaces"], workloads, viz_namespace=asked.viz_namespace, console=asked.console)


def subjects_of(fields: Fields) -> list[Subject]:
    """Who may tap, from loaded fields."""
    return [Subject(**one) for one in fields["subjects"]]


def _named(obj: Object) -> Object:
    metadata = {key: obj["metadata"][key] for key in ("name", "namespace") if key in obj["metadata"]}
    return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": metadata}
