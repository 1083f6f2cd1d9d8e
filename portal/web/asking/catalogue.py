"""The forms of all kinds: one list of fields each, in the tenant's words. A kind that is not here gets a plain form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import fields, validate

from portal.kinds.base import Kind, Scope, WorkloadKind
from portal.kinds.registry import KINDS
from portal.web.asking.field import Field, Option, Sort

HOURS = ("PT30M", "PT1H", "PT2H", "PT4H", "PT8H", "P1D")
DAYS = ("P1D", "P7D", "P14D", "P30D", "P90D")
CLAIM = "It is written into the ticket, and whoever decides weighs it: which protocol, which certificates, since when."


@dataclass(frozen=True)
class Form:
    """What one kind asks; `lasting` are the lengths of time to choose from, as ISO 8601."""

    fields: tuple[Field, ...]
    lasting: tuple[str, ...] = DAYS

    def one(self, *sorts: Sort) -> Field | None:
        """The first field of one of the sorts."""
        return next((one for one in self.fields if one.sort in sorts), None)


def _workloads(label: str, field: str = "workloads") -> Field:
    return Field("workload", (field,), Sort.WORKLOADS, label)


def _namespaces(label: str) -> Field:
    return Field("namespace", ("namespaces",), Sort.NAMESPACES, label, "All of one tenant: each tenant has its own.")


def _encryption(when: tuple[str, str] | None = None) -> tuple[Field, Field]:
    path = "application_encryption"
    return (
        Field(
            "encrypted",
            (path, "encrypted"),
            Sort.YES_NO,
            "Does your application encrypt this traffic itself?",
            "Without it the mesh's encryption is lost and nothing takes its place: more people have to agree.",
            when=when,
        ),
        Field(
            "how",
            (path, "how"),
            Sort.TEXT,
            "How does it, or why may this go unencrypted?",
            CLAIM,
            when=when,
            words=True,
        ),
    )


SKIPS = ("mode", "skip-ports")
NO_PROXY = ("way", "no-proxy")
FORMS: dict[str, Form] = {
    "encryption-exception": Form(
        (
            _workloads("Which workloads?"),
            Field(
                "mode",
                ("mode",),
                Sort.CHOICE,
                "What should pass the proxy by?",
                options=(
                    Option("skip-ports", "Some ports", "The rest stays encrypted by the mesh."),
                    Option("disable-injection", "Everything: run without the proxy", "The mesh encrypts nothing."),
                ),
                default="skip-ports",
            ),
            Field(
                "inbound",
                ("inbound",),
                Sort.PORTS,
                "Which incoming ports must not go through the proxy?",
                "The container's own port, not the Service's: 8080, 9000-9010.",
                when=SKIPS,
            ),
            Field(
                "outbound",
                ("outbound",),
                Sort.LINE,
                "Which ports that your pods call must not go through the proxy?",
                "The port that they dial: the Service's, like 5432.",
                when=SKIPS,
            ),
            *_encryption(),
        )
    ),
    "debug-sidecar": Form((_workloads("Into the pods of which workloads?"),), HOURS),
    "viz-enablement": Form(
        (
            _namespaces("Which namespaces do you want to look into?"),
            Field(
                "user",
                ("subjects",),
                Sort.USERS,
                "Who may look at single requests (tap)?",
                "One a line, as the cluster knows them: kubectl auth whoami tells you yours.",
            ),
            Field("group", ("subjects",), Sort.GROUPS, "Which groups may, too?", "One a line."),
            Field(
                "restart",
                ("restart",),
                Sort.TICK,
                "Restart pods that are older than Viz",
                "They cannot be tapped before they do.",
            ),
        ),
        HOURS[1:],
    ),
    "control-plane-egress": Form(
        (
            _namespaces("In which namespaces is egress closed?"),
            Field(
                "pods",
                ("pods",),
                Sort.CHOICE,
                "For which pods?",
                options=(Option("injected", "Those with a proxy"), Option("all", "All of the namespace")),
                default="injected",
            ),
            Field("dns", ("dns",), Sort.YES_NO, "With the cluster's DNS?", default="yes"),
            Field(
                "node_local_dns",
                ("node_local_dns",),
                Sort.TICK,
                "With NodeLocal DNSCache too",
                "At its usual address, 169.254.20.10.",
            ),
            Field(
                "peers",
                ("peers",),
                Sort.YES_NO,
                "With the proxies of other meshed pods?",
                "Port 4143, which Linkerd 2.18 and later need.",
                default="yes",
            ),
            Field(
                "if_alone",
                ("if_alone",),
                Sort.CHOICE,
                "Where no egress policy of yours selects the pods?",
                "This policy alone would then close everything else.",
                options=(
                    Option("refuse", "Refuse: change nothing"),
                    Option("allow-everything-else", "Add a rule that allows everything else"),
                ),
                default="refuse",
            ),
        )
    ),
    "job-completion": Form(
        (
            _workloads("Which Jobs and CronJobs?", "jobs"),
            Field(
                "way",
                ("way",),
                Sort.CHOICE,
                "How should they end?",
                options=(
                    Option("native-sidecar", "By a native sidecar", "The proxy ends with the Job."),
                    Option("shutdown", "By calling the proxy", "The Job tells the proxy to stop; you get a manifest."),
                    Option("no-proxy", "Without the proxy", "The mesh encrypts nothing of it."),
                ),
            ),
            Field(
                "variant",
                ("variant",),
                Sort.CHOICE,
                "Who calls the proxy?",
                options=(
                    Option("curl", "curl, after the Job's own command"),
                    Option("linkerd-await", "linkerd-await, around the Job's own command"),
                    Option("sidecar", "A container beside it, which watches"),
                ),
                when=("way", "shutdown"),
            ),
            Field(
                "calls",
                ("calls",),
                Sort.LINES,
                "What do they call in the cluster?",
                "One a line: service/db:5432, or data/db of another namespace. Some may refuse calls without the mesh.",
                when=NO_PROXY,
                none="calls_nothing",
            ),
            Field("calls_nothing", (), Sort.TICK, "They call nothing in the cluster", when=NO_PROXY),
            *_encryption(NO_PROXY),
        )
    ),
    "generic": Form(
        (
            Field("title", ("title",), Sort.LINE, "What do you need, in one line?"),
            Field("text", ("text",), Sort.TEXT, "What must the operators know?"),
        ),
        (),
    ),
}


def form_of(kind: Kind[Any]) -> Form:
    """The form of a kind: the one above, or a plain one of what its schema describes."""
    return FORMS[kind.name] if kind.name in FORMS else Form(tuple(_plain_fields(kind)))


def _plain_fields(kind: Kind[Any]) -> list[Field]:
    listed = kind.listed_in if isinstance(kind, WorkloadKind) else "namespaces" if _names(kind) else ""
    first = [_workloads("Which workloads?", listed)] if isinstance(kind, WorkloadKind) else []
    first += [_namespaces("Which namespaces?")] if _names(kind) else []
    return first + [_plain(name, one) for name, one in kind.schema.fields.items() if name != listed]


def _names(kind: Kind[Any]) -> bool:
    return kind.scope is Scope.NAMESPACES


def _plain(name: str, field: fields.Field[Any]) -> Field:
    label = str(field.metadata.get("description") or name.replace("_", " "))
    known = next((one.choices for one in field.validators if isinstance(one, validate.OneOf)), ())
    if known:
        return Field(name, (name,), Sort.CHOICE, label, options=tuple(Option(str(one), str(one)) for one in known))
    if isinstance(field, fields.Boolean):
        return Field(name, (name,), Sort.TICK, label)
    return Field(name, (name,), Sort.LINES if isinstance(field, fields.List) else Sort.LINE, label)


def in_order() -> list[Kind[Any]]:
    """All kinds as the catalogue shows them: those with a form of their own first."""
    written = [KINDS[name] for name in FORMS if name in KINDS]
    return [*written, *(kind for kind in KINDS.values() if kind not in written)]
