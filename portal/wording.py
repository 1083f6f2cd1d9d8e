"""What workers saw and kinds ask, as pages and the command line say it: values in a line, rollouts, diffs. Pure."""

from __future__ import annotations

from typing import Any

SEVERITIES = ("blocking", "warning")


def field_text(name: str, value: Any) -> tuple[str, str]:
    """A field of a kind and its value, for people."""
    if isinstance(value, dict):
        value = [f"{key.replace('_', ' ')}: {plain(one)}" for key, one in value.items()]
    return name.replace("_", " "), plain(value)


def plain(value: Any) -> str:
    """A value as a line: yes and no, lists by commas."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return ""
    if isinstance(value, dict):
        return " ".join(plain(one) for one in value.values())
    return ", ".join(plain(one) for one in value) if isinstance(value, list) else str(value)


def progress_text(progress: Any) -> str:
    """A rollout as last seen, whatever parts it has."""
    if isinstance(progress, dict) and "desired" in progress:
        pods = f"{progress.get('updated', 0)} of {progress['desired']} new, {progress.get('ready', 0)} ready"
        return f"{pods}: {progress['stalled']}" if progress.get("stalled") else pods
    if isinstance(progress, dict) and "objects" in progress:
        return ": ".join(filter(None, [_objects(progress), " ".join(progress.get("waiting") or [])])) or "-"
    if isinstance(progress, dict):
        return ", ".join(f"{name} {value}" for name, value in progress.items()) or "-"
    return str(progress) if progress else "-"


def _objects(progress: dict[str, Any]) -> str:
    """How many of them are there; how many are left, where none is to be."""
    there, wanted = progress["objects"], progress.get("wanted", 0)
    if wanted:
        return f"{there} of {wanted} objects"
    return f"{there} object{'' if there == 1 else 's'} left" if there else ""


def removed_text(suspended: Any) -> str:
    """What somebody took out of the cluster while the window is open."""
    if not isinstance(suspended, dict):
        return str(suspended or "-")
    told = [f"{name.replace('_', ' ')} {plain(value)}" for name, value in suspended.items() if value]
    return ", ".join(told) or "-"


def diffs_in(data: Any, where: str = "") -> list[tuple[str, str]]:
    """Every unified diff anywhere in what a worker or a preview found, with the workload that it is about."""
    if isinstance(data, list):
        return [found for one in data for found in diffs_in(one, where)]
    if not isinstance(data, dict):
        return []
    where = str(data.get("workload") or where)
    own = [(where, data["unified"])] if isinstance(data.get("unified"), str) and data["unified"] else []
    return own + [found for name, one in data.items() if name != "unified" for found in diffs_in(one, where)]


def weight(finding: Any) -> int:
    """For sorting findings: what blocks first."""
    severity = finding.get("severity") if isinstance(finding, dict) else None
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def together(findings: list[dict[str, Any]], most: int = 4) -> list[dict[str, Any]]:
    """Findings of which several workloads have the same as one, with their names as its target; the order stays."""
    same: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for one in findings:
        same.setdefault((one.get("severity"), one.get("fact"), one.get("meaning")), []).append(one)
    return [
        {**found[0], "target": _names([str(one["target"]) for one in found if one.get("target")], most)}
        for found in same.values()
    ]


def _names(names: list[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def commits_in(data: Any) -> list[tuple[str, str]]:
    """The lines that a preflight would have committed to Git, with the workload that they are for."""
    targets = data.get("targets") or [] if isinstance(data, dict) else []
    return [(str(one.get("workload")), one["snippet"]) for one in targets if one.get("snippet")]


def managers_text(managed_by: list[dict[str, Any]]) -> str:
    """Who manages a workload, each with the thing of the tool that does."""
    named = [f"{one['tool']} ({one['what']})" if one.get("what") else str(one["tool"]) for one in managed_by]
    return ", ".join(named)
