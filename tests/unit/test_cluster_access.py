"""The workers' clusters file: what it may say, what is refused and how; one process has one client a cluster."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from portal.config import Config
from portal.errors import ConfigurationError
from workers.cluster import connect
from workers.cluster.access import Access, read_access
from workers.cluster.practice_world import seed
from workers.cluster.prometheus_entry import PrometheusEntry

KUBECONFIG = """
clusters: [{name: a, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: a, user: {token: t}}]
contexts: [{name: a, context: {cluster: a, user: a}}]
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(clusters_file=tmp_path / "clusters.yaml")


def write(config: Config, text: str) -> Path:
    assert config.clusters_file is not None
    config.clusters_file.write_text(text)
    return config.clusters_file


def refusal(name: str, config: Config) -> str:
    with pytest.raises(ConfigurationError) as caught:
        connect(name, config)
    return caught.value.sentence


def test_every_way_is_read_and_paths_count_from_the_file(config: Config, tmp_path: Path) -> None:
    path = write(
        config,
        "practice: {practice: var/practice.db}\n"
        "prod-eu-1: {kubeconfig: /etc/kube, context: eu}\n"
        "here: {in_cluster: true}\n",
    )
    assert read_access(path) == {
        "practice": Access(practice=tmp_path / "var/practice.db"),
        "prod-eu-1": Access(kubeconfig=Path("/etc/kube"), context="eu"),
        "here": Access(in_cluster=True),
    }


def test_what_a_probe_may_do_is_read(config: Config) -> None:
    listed = "['10.20.3.4:5432', 'db.example:5432', '[2001:db8::5]:636', 'db.example:5432']"
    path = write(config, f"here: {{in_cluster: true, probe: {{outbound: {listed}, loopback: true}}}}")
    rules = read_access(path)["here"].probe
    assert [str(one) for one in rules.outbound] == ["10.20.3.4:5432", "db.example:5432", "[2001:db8::5]:636"]
    assert [one.is_address for one in rules.outbound] == [True, False, True]
    assert (rules.enabled, rules.loopback) == (True, True)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{}", "exactly one of practice, kubeconfig, in_cluster"),
        ("{practice: a, in_cluster: true}", "exactly one of"),
        ("{practice: a, context: b}", "context: goes with kubeconfig only"),
        ("{kubeconfg: a}", "kubeconfg: Unknown field."),
        ("{practice: 7}", "practice: Not a valid string."),
        ("{practice: ''}", "practice: Shorter than minimum length 1."),
        ("{in_cluster: false}", "in_cluster"),
        ("{in_cluster: true, probe: {outbound: ['10.20.0.0/16:5432']}}", "is a network: a probe dials single"),
        ("{in_cluster: true, probe: {outbound: ['db.example']}}", '"db.example" is no destination'),
        ("{in_cluster: true, probe: {outbound: ['db.example:0']}}", '"db.example:0" is no destination'),
        ("{in_cluster: true, probe: {outbound: ['db.example:65536']}}", "is no destination"),
        ("{in_cluster: true, probe: {outbound: ['-db:5432']}}", "is no destination"),
        ("{in_cluster: true, probe: {loopback: maybe}}", "Not a valid boolean."),
        ("{in_cluster: true, probe: {ports: all}}", "Unknown field."),
        ("[]", "Invalid input type."),
        ("null", "Invalid input type."),
    ],
)
def test_a_wrong_entry_is_refused_with_the_clusters_name(config: Config, entry: str, words: str) -> None:
    write(config, f"prod-eu-1: {entry}\n")
    sentence = refusal("prod-eu-1", config)
    assert "Cluster prod-eu-1 in the clusters file" in sentence
    assert words in sentence


@pytest.mark.parametrize("text", ["", "- a\n", "a: [\n", "just words"])
def test_a_file_that_is_no_map_is_refused(config: Config, text: str) -> None:
    write(config, text)
    assert "clusters file" in refusal("practice", config)


def test_a_missing_file_setting_or_cluster_is_said(config: Config) -> None:
    assert "cannot be read" in refusal("practice", config)
    assert refusal("x", Config()).startswith("MESHDESK_CLUSTERS is not set")
    write(config, "other: {in_cluster: true}\n")
    assert "has no cluster practice" in refusal("practice", config)


@pytest.mark.parametrize(
    ("kubeconfig", "context"),
    [
        (None, "a"),
        (KUBECONFIG, "b"),
        (KUBECONFIG, None),
        ("", "a"),
        ("- a", "a"),
        ("clusters: 7", "a"),
        ("a: [", "a"),
        (KUBECONFIG.replace("cluster: a, user", "cluster: b, user"), "a"),
        (KUBECONFIG.replace("server:", "certificate-authority-data: abc, server:").replace("http:", "https:"), "a"),
        (KUBECONFIG.replace("{token: t}", "{tokenFile: /no/such/file}"), "a"),
    ],
)
def test_a_bad_kubeconfig_is_refused_with_the_clusters_name(
    config: Config, tmp_path: Path, kubeconfig: str | None, context: str | None
) -> None:
    if kubeconfig is not None:
        (tmp_path / "kubeconfig").write_text(kubeconfig)
    write(config, f"prod-eu-1: {{kubeconfig: kubeconfig{f', context: {context}' if context else ''}}}\n")
    sentence = refusal("prod-eu-1", config)
    assert sentence.startswith(f"Cluster prod-eu-1: kubeconfig {tmp_path / 'kubeconfig'} cannot be used: ")
    assert "\n" not in sentence


def test_outside_a_cluster_there_is_no_service_account(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    write(config, "here: {in_cluster: true}\n")
    assert refusal("here", config) == (
        "Cluster here: the service account of its pod cannot be used: Service host/port is not set."
    )


def test_a_practice_cluster_must_be_seeded(config: Config, tmp_path: Path) -> None:
    write(config, "practice: {practice: practice.db}\n")
    assert "seed it" in refusal("practice", config)
    assert not (tmp_path / "practice.db").exists()


def test_threads_share_one_client_until_the_file_says_otherwise(config: Config, tmp_path: Path) -> None:
    for name in ("practice", "practice-sandbox"):
        seed(tmp_path / f"{name}.db", name)
    write(config, "x: {practice: practice.db}\n")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: connect("x", config), range(16)))
    assert len(set(map(id, found))) == 1
    assert any(ns["metadata"]["name"] == "books" for ns in found[0].namespaces())
    write(config, "x: {practice: practice-sandbox.db}\n")
    assert not any(ns["metadata"]["name"] == "books" for ns in connect("x", config).namespaces())
    assert connect("x", replace(config)) is connect("x", config)


def test_a_reachable_name_is_connected_lazily(config: Config, tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text(KUBECONFIG)
    write(config, "prod-eu-1: {kubeconfig: kubeconfig, context: a}\n")
    assert connect("prod-eu-1", config).name == "prod-eu-1"


def test_practice_clusters_do_not_load_the_kubernetes_client() -> None:
    script = "import sys, workers.cluster, workers.cluster.practice_world; sys.exit('kubernetes' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False, cwd=Path(__file__).parents[2]).returncode == 0


FORK = """
import os, sys
from pathlib import Path
from portal.config import Config
from workers.cluster import connect

config = Config(clusters_file=Path(sys.argv[1]))
parents = connect("practice", config)
child = os.fork()
if child == 0:
    os._exit(0 if connect("practice", config) is not parents else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_child_has_clients_of_its_own(config: Config, tmp_path: Path) -> None:
    seed(tmp_path / "practice.db", "practice")
    path = write(config, "practice: {practice: practice.db}\n")
    command = [sys.executable, "-c", FORK, str(path)]
    assert subprocess.run(command, check=False, cwd=Path(__file__).parents[2]).returncode == 0


def test_a_prometheus_stands_beside_the_way_and_its_files_count_from_the_file(config: Config, tmp_path: Path) -> None:
    path = write(
        config,
        "a: {in_cluster: true, prometheus: {url: 'https://prometheus.example.com/', token_file: token, window: 120}}\n"
        "b: {in_cluster: true, prometheus: {url: 'http://127.0.0.1:9090', username: us, password_file: /etc/secret}}\n"
        "c: {in_cluster: true, viz_prometheus: {}}\n"
        "d: {in_cluster: true, viz_prometheus: {url: 'http://prometheus.linkerd-viz.svc:9090'}}\n",
    )
    plain = Access(in_cluster=True)
    assert read_access(path) == {
        "a": replace(
            plain,
            prometheus=PrometheusEntry("https://prometheus.example.com", token_file=tmp_path / "token", window=120),
        ),
        "b": replace(
            plain,
            prometheus=PrometheusEntry("http://127.0.0.1:9090", username="us", password_file=Path("/etc/secret")),
        ),
        "c": replace(plain, viz_prometheus=PrometheusEntry()),
        "d": replace(plain, viz_prometheus=PrometheusEntry("http://prometheus.linkerd-viz.svc:9090")),
    }


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("prometheus: {}", "prometheus.url: Missing data"),
        ("prometheus: {url: 'http://prometheus.example.com'}", "prometheus.url: must be https"),
        ("prometheus: {url: 'http://prometheus.monitoring.svc:9090'}", "prometheus.url: must be https"),
        ("prometheus: {url: 'ftp://prometheus.example.com'}", "prometheus.url: must be an http or https address"),
        ("prometheus: {url: 'https://prometheus.example.com:port'}", "prometheus.url: is no address"),
        ("prometheus: {url: 'https://us:secret@prometheus.example.com'}", "prometheus.url: may hold no password"),
        ("prometheus: {url: 'https://a.example.com', username: us}", "username and password_file go together"),
        (
            "prometheus: {url: 'https://a.example.com', token_file: t, username: us, password_file: p}",
            "a token or a username, not both",
        ),
        ("prometheus: {url: 'https://a.example.com', token: secret}", "prometheus.token: Unknown field"),
        ("prometheus: {url: 'https://a.example.com', window: 5}", "Give 15 to 600 seconds"),
        ("viz_prometheus: {url: 'http://prometheus.example.com'}", "viz_prometheus.url: must be https"),
    ],
)
def test_a_prometheus_that_cannot_be_asked_safely_is_refused(config: Config, entry: str, words: str) -> None:
    write(config, f"a: {{in_cluster: true, {entry}}}\n")
    said = refusal("a", config)
    assert words in said
    assert "secret" not in said
