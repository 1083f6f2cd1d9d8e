"""What preflight finds about who manages the annotations, and the lines to commit to Git. impact.py calls it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from portal.mesh.annotations import SKIP_INBOUND, SKIP_OUTBOUND
from portal.mesh.findings import Finding, Severity, finding
from portal.mesh.jobs import unpatchable_job
from portal.mesh.owners import ARGO_CD, FLUX, HELM, KUBECTL, Owner, owners
from portal.mesh.view import InventoryView
from portal.mesh.want import Want
from portal.mesh.workloads import WorkloadRef, template_path

_NEXT = {HELM: "the next helm upgrade", KUBECTL: "the next kubectl apply of a manifest that names it"}
_PACE = {ARGO_CD: "at once with self-heal, else with the next sync", FLUX: "with its next reconciliation"}


def keys_of(want: Want) -> list[str]:
    """The annotations that this change touches."""
    lists = [key for key in (SKIP_INBOUND, SKIP_OUTBOUND) if want.ports(key)]
    return [*lists, *sorted(want.settings)]


def owner_findings(view: InventoryView, want: Want) -> Iterator[Finding]:
    """Who would take the change back and when; nothing of tools that leave the keys alone and act by hand."""
    if view.ref.kind == "job" and unpatchable_job(view.obj) is not None:
        # Nothing is written to it.
        return
    for owner in owners(view.obj, keys_of(want)):
        if owner.gitops:
            yield _gitops(view, owner)
        elif owner.keys:
            then = _NEXT.get(owner.tool, f"the next write of {owner.tool}")
            meaning = f"It does nothing by itself, as far as is known, but {then} sets its old value again."
            yield finding(view, Severity.INFO, "annotation-owned", f"{owner} wrote {_listed(owner.keys)}.", meaning)


def _gitops(view: InventoryView, owner: Owner) -> Finding:
    if owner.rests:
        meaning = "The change stands for as long as that is so."
        return finding(view, Severity.INFO, "gitops-rests", f"{owner} was told to leave {view.ref} alone.", meaning)
    if not owner.fights:
        meaning = (
            "It leaves annotations alone that Git does not name: the change stands unless somebody names them there."
        )
        return finding(
            view, Severity.INFO, "gitops-leaves-alone", f"{owner} manages {view.ref}, not these keys.", meaning
        )
    fact = f"{owner} owns {_listed(owner.keys)}." if owner.keys else f"{owner} replaces {view.ref} as a whole."
    meaning = (
        f"It writes back what Git says, {_PACE.get(owner.tool, 'by itself')}, and Meshdesk does not fight: commit the "
        "lines that this ticket shows for as long as it is open, or have the controller ignore the keys."
    )
    return finding(view, Severity.WARNING, "gitops-fights", fact, meaning)


def _listed(keys: Iterable[str]) -> str:
    return " and ".join(keys)


def snippet(obj: Mapping[str, Any], change: Mapping[str, Any]) -> str:
    """The annotations that differ, as they will be, as a YAML patch of the manifest in Git; "" where none is there."""
    before, after = change["before"], change["after"]
    new = {key: value for key, value in sorted(after.items()) if before.get(key) != value}
    if not new:
        return ""
    nested: dict[str, Any] = {key: _Quoted(value) for key, value in new.items()}
    ref = WorkloadRef.of(obj)
    for step in reversed(template_path(ref.kind)):
        nested = {step: nested}
    head = {"apiVersion": obj["apiVersion"], "kind": obj["kind"]}
    manifest = {**head, "metadata": {"name": ref.name, "namespace": ref.namespace}, **nested}
    text: str = yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, width=1_000_000)
    return text


def snippet_for(view: InventoryView, want: Want, change: Mapping[str, Any] | None) -> str:
    """The lines to commit where a GitOps controller manages the workload; "" where none does."""
    gitops = any(owner.gitops and not owner.rests for owner in owners(view.obj, keys_of(want)))
    return snippet(view.obj, change) if gitops and change is not None else ""


class _Quoted(str):
    """A value of an annotation: always in quotes, for 8080 and true are text there."""


class _Dumper(yaml.SafeDumper):
    """A dumper of its own, so that nobody else's YAML changes."""


def _quoted(dumper: yaml.SafeDumper, text: _Quoted) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"')


_Dumper.add_representer(_Quoted, _quoted)
