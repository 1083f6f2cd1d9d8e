"""README.md, CHANGELOG.md, docs/ and examples/ say what the product is: links, commands, paths, settings, problems."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from itertools import takewhile
from pathlib import Path

import click
import pytest
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from portal import create_app
from portal.api.problems import AWAY, KINDS, OTHER
from portal.api.schemas import AskSchema
from portal.cli.root import meshdesk
from portal.config import Config
from portal.kinds.registry import kind_named
from portal.registry.file import load_registry
from portal.states import State
from workers.cluster.access import read_access

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
FILES = [*PAGES, *sorted(path for path in (ROOT / "examples").rglob("*") if path.is_file())]
API = "/api/v1"
# What is read from the environment by the command line (place.py), and by the tests themselves.
OTHER_VARIABLES = {
    *("MESHDESK_URL", "MESHDESK_TOKEN"),
    *("MESHDESK_TEST_CHROMIUM", "MESHDESK_TEST_POSTGRES", "MESHDESK_TEST_PROMETHEUS"),
    "MESHDESK_REQUIRE_ALL",
}

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
INLINE = re.compile(r"`([^`\n]+)`")
VARIABLE = re.compile(r"\bMESHDESK_[A-Z_]+\b")
PATH = re.compile(r"(?:\b(GET|POST|PUT|PATCH|DELETE) )?(/api/v1)?(/[a-zA-Z][^\s`\"'?#,;:)|]*)")
MACHINE_PATH = re.compile(r"(?<![\w.$~/-])/(?:work|tmp|home|root|Users|mnt)\b")
REGISTRY_HOST = re.compile(
    r"\bpypi\.|pythonhosted|docker\.(?:io|com)|\bghcr\.|\bquay\.|\bgcr\.|npmjs|golang\.org|cr\.l5d|registry\.k8s"
)
SHELL = {">", "<", "|", "&&", ";"}
PLACEHOLDERS = {"{ref}": "MD-1", "$REF": "MD-1", "{name}": "practice"}


def ids(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


every_page = pytest.mark.parametrize("page", PAGES, ids=ids(PAGES))


@cache
def text_of(page: Path) -> str:
    return page.read_text()


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(FENCE.sub("", text_of(page))) if "://" not in link]
    lost = [link for link in links if not leads_somewhere(page, link)]
    assert not lost


def leads_somewhere(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    return target.exists() and target.is_relative_to(ROOT) and (not anchor or anchor in anchors(target))


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_page_is_in_the_index() -> None:
    index = set(LINK.findall(text_of(ROOT / "docs" / "README.md")))
    docs = ROOT / "docs"
    assert {str(page.relative_to(docs)) for page in PAGES if page.is_relative_to(docs)} - {"README.md"} <= index


def shell_commands(page: Path) -> Iterator[list[str]]:
    """The words after `meshdesk` of every command line in the page's shell blocks."""
    for _, block in FENCE.findall(text_of(page)):
        for line in block.replace("\\\n", " ").splitlines():
            if line.strip().startswith("meshdesk "):
                words = shlex.split(line, comments=True)[1:]
                yield list(takewhile(lambda word: word not in SHELL, words))


def inline_commands(page: Path) -> Iterator[list[str]]:
    """The same of commands inside sentences, as far as they are spelt out."""
    for code in INLINE.findall(FENCE.sub("", text_of(page))):
        found = re.fullmatch(r"(?:kubectl )?meshdesk ([a-z-].*)", code)
        if found:
            yield [word for word in shlex.split(found[1].replace("NUMBER", "1")) if word != "…"]


def parse(words: list[str]) -> None:
    """Parse a command line down to its last command without running it; raises click's errors."""
    command: click.Command = meshdesk
    parent: click.Context | None = None
    while True:
        context = command.make_context(command.name, words, parent=parent)
        words = [*context._protected_args, *context.args]
        if not isinstance(command, click.Group) or not words:
            assert not isinstance(command, click.Group) or command.invoke_without_command
            return
        _, found, words = command.resolve_command(context, words)
        assert found is not None
        command, parent = found, context


@every_page
def test_commands_are_of_the_command_line(page: Path) -> None:
    for words in shell_commands(page):
        parse(words)


@every_page
def test_commands_in_sentences_are_of_the_command_line(page: Path) -> None:
    for words in inline_commands(page):
        try:
            parse(words)
        except (click.MissingParameter, click.exceptions.NoArgsIsHelpError, click.exceptions.Exit):
            continue  # It names the command, and leaves out what it needs.


@pytest.mark.parametrize("line", ["aprove MD-1", "approve MD-1 --noted x", "approve", "policy explain --kind chat"])
def test_a_wrong_command_would_be_noticed(line: str) -> None:
    with pytest.raises(click.UsageError):
        parse(shlex.split(line))


def named_paths(page: Path) -> Iterator[tuple[str | None, str]]:
    """Method (None: any) and whole path of every path of the API that the page names."""
    text = text_of(page).replace("$DESK", API).replace("http://127.0.0.1:8000", "")
    for method, prefix, path in PATH.findall(text):
        if prefix or method:
            whole = path if method and path.startswith(("/api", "/healthz", "/readyz", "/metrics")) else API + path
            for placeholder, value in PLACEHOLDERS.items():
                whole = whole.replace(placeholder, value)
            yield method or None, whole.rstrip(".")


@every_page
def test_paths_are_of_the_api(page: Path) -> None:
    adapter = create_app(Config()).url_map.bind("localhost")
    for method, path in named_paths(page):
        assert is_served(adapter, method, path), f"{method or 'any method'} {path}"


def is_served(adapter: object, method: str | None, path: str) -> bool:
    for one in [method] if method else ["GET", "POST", "PUT"]:
        try:
            adapter.match(path, method=one)  # type: ignore[attr-defined]
        except RequestRedirect:
            return False
        except HTTPException:
            continue
        return True
    return False


def test_a_wrong_path_would_be_noticed() -> None:
    adapter = create_app(Config()).url_map.bind("localhost")
    assert not is_served(adapter, None, f"{API}/ticket")
    assert not is_served(adapter, "GET", f"{API}/tickets/MD-1/release")
    assert len(list(named_paths(ROOT / "docs" / "api.md"))) > 20


@pytest.mark.parametrize("page", FILES, ids=ids(FILES))
def test_variables_are_settings(page: Path) -> None:
    known = {setting.metadata["variable"] for setting in fields(Config)} | OTHER_VARIABLES
    assert set(VARIABLE.findall(text_of(page))) <= known


@pytest.mark.parametrize("page", FILES, ids=ids(FILES))
def test_nothing_names_a_machine_or_a_package_registry(page: Path) -> None:
    assert not MACHINE_PATH.findall(text_of(page))
    assert not REGISTRY_HOST.findall(text_of(page))


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    named = {name for page in PAGES for name in re.findall(r"(?:^|`)make ([a-z-]+)", text_of(page), re.MULTILINE)}
    assert named
    assert named <= targets


def test_every_problem_is_listed() -> None:
    listed = set(re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", text_of(ROOT / "docs" / "api.md"), re.MULTILINE))
    assert listed == {(kind.name, str(kind.status)) for kind in [*KINDS.values(), AWAY, OTHER]}


def test_every_type_of_event_is_listed() -> None:
    people = "question|delegation|template|token|service|person"
    subjects = f"{people}|cluster|ticket|decision|preflight|window|evidence|work|drift|comment|registry|policy|audit"
    literal = re.compile(rf'"((?:{subjects}):[a-z]+)"')
    code = [path.read_text() for folder in ("portal", "workers") for path in (ROOT / folder).rglob("*.py")]
    listed = text_of(ROOT / "docs" / "audit.md")
    assert {type_ for text in code for type_ in literal.findall(text) if f"`{type_}`" not in listed} == set()


def test_every_state_is_told() -> None:
    design = text_of(ROOT / "docs" / "design.md")
    assert {state for state in State if f"`{state.value}`" not in design} == set()


def test_the_example_of_a_request_can_be_asked() -> None:
    ask = AskSchema().load(json.loads((ROOT / "examples" / "ask.json").read_text()))
    assert kind_named(ask.kind).schema.load(ask.fields)["workloads"] == ["deployment/emoji", "deployment/voting"]


def test_the_examples_of_files_can_be_used_together() -> None:
    registry = load_registry((ROOT / "examples" / "registry.yaml").read_text(), "registry.yaml")
    assert read_access(ROOT / "examples" / "clusters.yaml").keys() == {cluster.name for cluster in registry.clusters}
    assert not registry.warnings()
