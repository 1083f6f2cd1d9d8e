"""Versions of Linkerd and Kubernetes: which are understood, and what each has."""

from __future__ import annotations

import pytest

from portal.mesh.versions import Feature, KubernetesVersion, LinkerdVersion

F = Feature


@pytest.mark.parametrize(
    ("text", "edge", "minor"),
    [
        ("edge-26.6.3", (26, 6, 3), None),
        ("edge-25.10.2-acme.1", (25, 10, 2), None),
        ("stable-2.14.10", None, 14),
        ("2.18.1", None, 18),
        ("v2.18", None, 18),
        ("version-2.20", None, 20),
        ("enterprise-2.17.2", None, 17),
        ("enterprise-2.15.1-1-fips", None, 15),
    ],
)
def test_what_linkerd_reports_is_understood(text: str, edge: tuple[int, int, int] | None, minor: int | None) -> None:
    version = LinkerdVersion.parse(text)
    assert version is not None
    assert (version.edge, version.minor, str(version)) == (edge, minor, text)


@pytest.mark.parametrize("text", [None, "", "unknown", "dev-3f2a", "edge-26.6", "3.0.1", "2", "preview-25.4.1", "2.x"])
def test_what_is_no_known_form_is_not_guessed(text: str | None) -> None:
    assert LinkerdVersion.parse(text) is None
    assert KubernetesVersion.parse(text) is None


@pytest.mark.parametrize(
    ("feature", "first", "last_without", "release"),
    [
        (F.SHUTDOWN_ENDPOINT, "edge-21.1.1", "edge-20.12.4", 10),
        (F.NATIVE_ALPHA, "edge-23.11.4", "edge-23.11.3", 15),
        (F.SHUTDOWN_DISABLED_BY_DEFAULT, "edge-24.6.2", "edge-24.6.1", 16),
        (F.MESHED_PORT_4143, "edge-25.3.2", "edge-25.3.1", 18),
        (F.DEBUG_IMAGE, "edge-25.3.3", "edge-25.3.2", 18),
        (F.NATIVE_BETA, "edge-25.10.2", "edge-25.9.4", 19),
        (F.NATIVE_GA, "edge-26.5.2", "edge-26.4.3", 20),
    ],
)
def test_a_feature_is_there_from_its_first_edge_and_release(
    feature: Feature, first: str, last_without: str, release: int
) -> None:
    def has(text: str) -> bool:
        version = LinkerdVersion.parse(text)
        assert version is not None
        return version.has(feature)

    assert has(first)
    assert has("edge-27.1.1")
    assert not has(last_without)
    for form in ("2.{}.3", "stable-2.{}.0", "version-2.{}", "enterprise-2.{}.1"):
        assert has(form.format(release))
        assert has(form.format(release + 1))
        assert not has(form.format(release - 1))


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("edge-23.11.4", None),
        ("edge-24.2.4", 15),
        ("edge-24.8.1", 15),
        ("edge-24.8.2", 16),
        ("edge-25.3.2", 17),
        ("edge-25.4.4", 18),
        ("edge-26.6.3", 20),
        ("edge-30.1.1", 20),
        ("2.9.0", 9),
    ],
)
def test_an_edge_is_known_by_the_newest_release_that_it_holds(text: str, release: int | None) -> None:
    version = LinkerdVersion.parse(text)
    assert version is not None
    assert version.release == release


@pytest.mark.parametrize(
    ("text", "native"),
    [
        ("1.28.9", False),
        ("1.29.0", True),
        ("v1.29.3-gke.100", True),
        ("v1.30.0+k3s1", True),
        ("1.37.2", True),
        ("1.29+", True),
    ],
)
def test_kubernetes_has_native_sidecars_from_1_29(text: str, native: bool) -> None:
    version = KubernetesVersion.parse(text)
    assert version is not None
    assert version.native_sidecars is native
    assert str(version) == text
