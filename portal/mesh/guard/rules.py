"""What weakens mTLS, rule by rule, in CEL: each passes unless this change weakens and no ticket's line allows it. Pure.

The rules read these variables, which policies.py gives for workloads and for namespaces alike: `now` and `was` (the
annotations after and before; {} before a creation), `around` (the namespace's), `labels`, `labels_was`, `lines` (what
live tickets allow here) and `what` (its name). An object that was as weak before passes: it is scaled, or mended.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from portal.mesh.annotations import DEBUG_SIDECAR, INJECT, SKIP_INBOUND, SKIP_OUTBOUND, MeshDefaults
from portal.mesh.guard import cel

CONFIG = "config.linkerd.io/"
POLICY_KEY, IDENTITY_KEY = f"{CONFIG}default-inbound-policy", f"{CONFIG}proxy-require-identity-inbound-ports"
# No ticket gives these; each takes traffic past the proxy, or puts something else in the proxy's place.
OWN = tuple(
    f"{CONFIG}{name}"
    for name in (
        *("skip-subnets", "proxy-uid", "proxy-gid", "proxy-additional-env", "proxy-image", "proxy-version"),
        *("init-image", "init-image-version", "enable-gateway", "inbound-port", "outbound-port", "disable-identity"),
    )
)
WEBHOOK_LABEL = f"{CONFIG}admission-webhooks"
UNCALLED_LABELS = ("linkerd.io/control-plane-component", "linkerd.io/cni-resource")
MESHED_LABEL = "linkerd.io/control-plane-ns"
INJECTED = ("linkerd-proxy", "linkerd-init", "linkerd-network-validator", "linkerd-debug")
DECOYS = ("linkerd-proxy", "linkerd-init", "istio-proxy", "istio-init")
IMAGES = (
    *("cr.l5d.io/linkerd/proxy:", "gcr.io/istio-release/proxyv2:"),
    *("cr.l5d.io/linkerd/proxy-init:", "gcr.io/istio-release/proxy_init:"),
)
PROXY_USER = 2102
_COLUMN = {SKIP_INBOUND: (3, "skip-inbound="), SKIP_OUTBOUND: (4, "skip-outbound=")}


@dataclass(frozen=True)
class Rule:
    """One validation: passes where `passes` is true; `says` is CEL for what the change would do."""

    name: str
    passes: str
    says: str
    ticket: str | None = None
    """The kind of ticket that allows it; None where none does."""


Variables = dict[str, str]


def variables(defaults: MeshDefaults) -> Variables:
    """What the common rules calculate once, in the order in which they build on each other."""
    found: Variables = {}
    for key, (column, name) in _COLUMN.items():
        short = _short(key)
        granted = f"variables.lines.map(l, l.split(' ')[{column}].replace({cel.text(name)}, ''))"
        known = f"[{cel.value('was', key)}, {cel.value('around', key)}, {cel.text(defaults.skip(key))}]"
        # Linkerd's own readers differ about spaces; without them a list never says less than it does.
        found[f"{short}_known"] = f"({known} + {granted}).join(',').replace(' ', '')"
        new = f"{cel.value('now', key)}.replace(' ', '').split(',').filter(t, t != '')"
        found[f"{short}_new"] = f"{new}.filter(t, !(t in variables.{short}_known.split(',')))"
        found[f"{short}_spans"] = cel.spans(f"variables.{short}_known")
    own = f"{cel.texts(OWN)}.filter(k, k in variables.now && !(variables.now[k] in ['', 'false']))"
    same = "[variables.was[?k].orValue(''), variables.around[?k].orValue('')]"
    found["own"] = f"{own}.filter(k, !(variables.now[k] in {same}))"
    return found


def common(defaults: MeshDefaults) -> Iterator[Rule]:
    """The rules for annotations, which hold for pod templates, pods and namespaces."""
    yield _inject()
    yield from (_ports(key) for key in _COLUMN)
    yield _debug()
    yield _policy(defaults)
    yield _identity()
    says = "variables.what + ' would set ' + variables.own.join(', ') + ', which takes traffic past the proxy'"
    yield Rule("own", "size(variables.own) == 0", says)


def _inject() -> Rule:
    now, was, around = (cel.value(where, INJECT) for where in ("now", "was", "around"))
    refused = f"{cel.is_off(now)} && !({cel.is_off(was)})"
    removed = f"{now} == '' && {cel.is_on(was)} && !({cel.is_on(around)})"
    granted = f"{now} == 'disabled' && variables.lines.exists(l, l.split(' ')[5] == 'inject=disabled')"
    says = "variables.what + ' would run without the proxy (linkerd.io/inject)'"
    return Rule("inject", f"!({refused} || {removed}) || ({granted})", says, "encryption-exception")


def _ports(key: str) -> Rule:
    short = _short(key)
    span = f"[t.split('-')].map(p, [int(p[0]), int(p[size(p) - 1])]).all(s, {cel.covered(f'variables.{short}_spans')})"
    says = f"variables.what + ' would skip the {short} ports ' + variables.{short}_new.join(', ')"
    passes = f"variables.{short}_new.all(t, t.matches({cel.PORT}) && {span})"
    return Rule(f"skip-{short}", passes, says, "encryption-exception")


def _debug() -> Rule:
    now, was, around = (cel.value(where, DEBUG_SIDECAR) for where in ("now", "was", "around"))
    granted = "variables.lines.exists(l, l.split(' ')[6] == 'debug=true')"
    passes = f"!({cel.is_true(now)}) || {cel.is_true(was)} || {cel.is_true(around)} || {granted}"
    says = "variables.what + ' would log its traffic in a debug container'"
    return Rule("debug", passes, says, "debug-sidecar")


def _policy(defaults: MeshDefaults) -> Rule:
    now, was = (cel.inherited(where, POLICY_KEY, defaults.default_inbound_policy) for where in ("now", "was"))
    says = "variables.what + ' would let in more callers (config.linkerd.io/default-inbound-policy)'"
    return Rule("inbound-policy", f"{now} == {was} || {cel.rank(now)} >= {cel.rank(was)}", says)


def _identity() -> Rule:
    now, was = (cel.inherited(where, IDENTITY_KEY, "") for where in ("now", "was"))
    says = "variables.what + ' would ask fewer callers for an identity (proxy-require-identity-inbound-ports)'"
    return Rule("identity", f"{was}.split(',').all(t, t == '' || t in {now}.split(','))", says)


def of_workloads() -> Iterator[Rule]:
    """The rules for what else is in pods and their templates."""
    uncalled = f"{cel.texts(UNCALLED_LABELS)}.all(l, !(l in variables.labels) || l in variables.labels_was)"
    yield Rule("uncalled", uncalled, "variables.what + ' would have a label for which no pod gets a proxy'")
    taken = f"variables.labels[?{cel.text(MESHED_LABEL)}] == variables.labels_was[?{cel.text(MESHED_LABEL)}]"
    off = f"object.kind != 'Pod' || !({cel.text(MESHED_LABEL)} in variables.labels_was) || {taken}"
    yield Rule("meshed", off, f"variables.what + ' would lose its label {MESHED_LABEL}, and callers their encryption'")
    for name, says in (
        ("host_network", "' would use the network of its node, where no proxy is'"),
        ("decoy", "' would have a container that stands in the place of the proxy'"),
        ("proxy_user", f"' would run as user {PROXY_USER}, whose traffic goes past the proxy'"),
    ):
        passes = f"!variables.{name} || variables.{name}_was"
        yield Rule(name.replace("_", "-"), passes, f"variables.what + {says}")


def spec_variables(spec: str, suffix: str) -> Variables:
    """What is weak in a pod spec, before or after."""
    names = f"{spec}.?containers.orValue([]) + {spec}.?initContainers.orValue([])"
    images = " || ".join(f"c.?image.orValue('').startsWith({cel.text(image)})" for image in IMAGES)
    decoy = f"c.name in {cel.texts(DECOYS)} || {images}"
    ours = f"(variables.injected && c.name in {cel.texts(INJECTED)})"
    as_user = f"c.?securityContext.?runAsUser.orValue(0) == {PROXY_USER}"
    return {
        f"containers{suffix}": names,
        f"host_network{suffix}": f"{spec}.?hostNetwork.orValue(false)",
        f"decoy{suffix}": f"variables.containers{suffix}.exists(c, ({decoy}) && !{ours})",
        f"proxy_user{suffix}": f"{spec}.?securityContext.?runAsUser.orValue(0) == {PROXY_USER} || "
        f"variables.containers{suffix}.exists(c, {as_user} && !{ours})",
    }


def of_namespaces() -> Iterator[Rule]:
    """The rule for namespaces alone."""
    off, was_off = (f"{cel.value(where, WEBHOOK_LABEL)} == 'disabled'" for where in ("labels", "labels_was"))
    yield Rule(
        "webhook-off",
        f"!({off}) || {was_off}",
        "variables.what + ' would have the injector called for none of its pods'",
    )


def _short(key: str) -> str:
    return "inbound" if key == SKIP_INBOUND else "outbound"
