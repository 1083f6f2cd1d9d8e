"""A registry that takes a namespace or a cluster away from an open window: what it opened is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from subprocess import CompletedProcess

import pytest

from tests.story.api import SKIP_INBOUND, Api, approved, until
from tests.story.stack import Stack
from tests.story.worlds import REGISTRY, StoryWorld

pytestmark = pytest.mark.story
OF_EMOJIS, OF_BOOKS = (
    "namespaces: [{{cluster: practice, name: {namespace}}}]",
    "namespaces: [{{cluster: practice, name: books}}]",
)
MOVED = REGISTRY.replace(OF_EMOJIS, "namespaces: []").replace(
    OF_BOOKS, "namespaces: [{{cluster: practice, name: books}}, {{cluster: practice, name: {namespace}}}]"
)
REMOVED = (
    REGISTRY.replace("  - {{name: practice, environment: production}}\n", "  - {{name: other, environment: sandbox}}\n")
    .replace(OF_EMOJIS, "namespaces: []")
    .replace(OF_BOOKS, "namespaces: []")
)
WHY = {MOVED: "is another tenant's now", REMOVED: "Cluster practice is no longer in the registry."}


def applied(stack: Stack, text: str, *options: str) -> CompletedProcess[str]:
    """`meshdesk registry apply` of this text."""
    path = stack.folder / "registry.yaml"
    path.write_text(text)
    return stack.run("registry", "apply", str(path), *options)


@contextmanager
def in_force(stack: Stack, world: StoryWorld, text: str) -> Iterator[str]:
    """Inside, another registry is in force; gives what applying it said."""
    done = applied(stack, text.format(namespace=world.namespace), "--yes", "--by", "story")
    assert done.returncode == 0, done.stdout + done.stderr
    try:
        yield done.stdout
    finally:
        back = applied(stack, REGISTRY.format(namespace=world.namespace), "--yes")
        assert back.returncode == 0, back.stdout + back.stderr
        _wait_for_inventory(stack, world)


def _wait_for_inventory(stack: Stack, world: StoryWorld) -> None:
    """The stories that follow ask for what workers must have seen again; one look may have begun before."""
    looks: set[str] = set()

    def is_seen() -> bool:
        answer = stack.api("member").get("/clusters/practice/inventory", namespace=world.namespace)
        if answer.status_code == HTTPStatus.OK:
            looks.add(answer.json()["seen_at"])
        return len(looks) > 2

    until(is_seen, within=60, words="the inventory of the namespace that came back")


def opened(world: StoryWorld, member: Api, partner: Api, inbound: str) -> str:
    ref = approved(member, partner, namespace=world.namespace, workloads=["deployment/web"], inbound=inbound)
    member.until(ref, "active")
    assert inbound in world.template("deployment/web")[SKIP_INBOUND]
    return ref


@pytest.mark.parametrize("text", WHY, ids=["namespace", "cluster"])
def test_a_live_exception_that_loses_its_place_is_taken_back(
    stack: Stack, world: StoryWorld, member: Api, partner: Api, text: str
) -> None:
    ref = opened(world, member, partner, "7100")
    shown = applied(stack, text.format(namespace=world.namespace), "--dry-run")
    assert f"{ref} (active): undone." in shown.stdout
    assert member.ticket(ref)["state"] == "active"
    with in_force(stack, world, text) as said:
        assert f"{ref} (active): undone." in said
        closed = member.until(ref, "closed", within=40)
        assert SKIP_INBOUND not in world.template("deployment/web")
        assert world.mark("deployment/web") is None
    assert (closed["outcome"], closed["ended_by"]) == ("revoked", "meshdesk-registry")
    assert WHY[text] in closed["end_reason"]
    assert "The registry was applied by story." in closed["end_reason"]
