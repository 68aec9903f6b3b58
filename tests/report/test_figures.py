from datetime import datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.benchmark.types import Interval
from ollama_speedrun.discovery.types import Host
from ollama_speedrun.report import figures

MB = 1_000_000
GB = 1_000_000_000


def test_a_sentence_calls_hosts_by_their_names_and_leaves_other_addresses_alone() -> None:
    names = {"http://10.0.0.2:11434": "nas", "http://10.0.0.3:8080": r"a\1"}
    text = "a on 10.0.0.2, b on 10.0.0.3:8080 and c on 10.0.0.25 beat d on 10.0.0.2:99"
    assert figures.with_host_names(text, names) == r"a on nas, b on a\1 and c on 10.0.0.25 beat d on 10.0.0.2:99"


@pytest.mark.parametrize(
    ("size_bytes", "shown"),
    [
        (None, "–"),
        (0, "0 B"),
        (999, "999 B"),
        (12_500, "12 KB"),
        (500_000, "500 KB"),
        (9 * MB, "9 MB"),
        (9_200_000, "9.2 MB"),
        (274_290_656, "274 MB"),
        (GB - 1, "999 MB"),
        (GB, "1 GB"),
        (2_019_393_189, "2.0 GB"),
        (4_661_211_808, "4.7 GB"),
        (16 * GB - 1, "15 GB"),
        (404_430_188_519, "404 GB"),
        (1_340_000_000_000, "1.3 TB"),
    ],
)
def test_sizes_are_those_that_ollama_list_prints(size_bytes: int | None, shown: str) -> None:
    assert figures.size(size_bytes) == shown


@pytest.mark.parametrize(
    ("tps", "shown"),
    [(None, "–"), (0.0, "0.0"), (3.14, "3.1"), (56.25, "56.2"), (99.94, "99.9"), (99.96, "100"), (1e308, "1e+308")],
)
def test_rates(tps: float | None, shown: str) -> None:
    assert figures.rate(tps) == shown


def test_the_precision_is_half_of_the_interval_that_is_printed() -> None:
    for low_tps, high_tps, shown in (
        (9.9, 10.1, "±1%"),
        (99.7, 100.3, "±0.3%"),
        (12.3, 44.8, "±69%"),
        (1.0, 1000.0, ">100%"),
    ):
        assert figures.precision(Interval(low_tps, high_tps, 3)) == shown


@pytest.mark.parametrize(
    ("duration_s", "shown"),
    [
        (None, "–"),
        (0.0004, "0.4 ms"),
        (0.34, "340 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (2.14, "2.1 s"),
        (9.96, "10 s"),
        (99.4, "99 s"),
        (120, "2 min"),
        (125.4, "2 min 5 s"),
        (3599.6, "1 h 0 min"),
        (7500, "2 h 5 min"),
    ],
)
def test_durations(duration_s: float | None, shown: str) -> None:
    assert figures.duration(duration_s) == shown


@pytest.mark.parametrize(("duration_s", "shown"), [(0.2, "1 s"), (42.4, "42 s"), (130, "2 min"), (8000, "2 h")])
def test_times_to_come_are_rough(duration_s: float, shown: str) -> None:
    assert figures.roughly(duration_s) == shown


@pytest.mark.parametrize(("duration_s", "shown"), [(0.9, "0:00"), (64.2, "1:04"), (4500, "75:00")])
def test_running_times(duration_s: float, shown: str) -> None:
    assert figures.stopwatch(duration_s) == shown


@pytest.mark.parametrize(
    ("count", "shown"), [(None, "–"), (512, "512"), (2048, "2K"), (131072, "128K"), (3000, "3000")]
)
def test_token_counts(count: int | None, shown: str) -> None:
    assert figures.tokens(count) == shown


@pytest.mark.parametrize(("points", "shown"), [(None, "–"), (0.0, "0.0"), (69.96, "70.0"), (100.0, "100.0")])
def test_scores(points: float | None, shown: str) -> None:
    assert figures.score(points) == shown


def test_moments_are_in_utc() -> None:
    at = datetime(2026, 1, 2, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert figures.moment(at) == "2026-01-01 23:30 UTC"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://192.168.1.20:11434", "192.168.1.20"),
        ("http://192.168.1.20:8080", "192.168.1.20:8080"),
        ("http://gpu-box.example:11434", "gpu-box.example"),
        ("https://gpu-box.example:11434", "https://gpu-box.example:11434"),
        ("http://[fd00::1]:11434", "fd00::1"),
        ("http://[fd00::1]:8080", "[fd00::1]:8080"),
        ("http://a:b@host:11434", "http://a:b@host:11434"),
        ("http://host:99999", "http://host:99999"),
        ("http://host:11434/\x1b[2Jpath", "http://host:11434/path"),
        ("http://host", "http://host"),
        ("", "–"),
    ],
)
def test_hosts_are_named_as_people_say_them(url: str, shown: str) -> None:
    assert figures.host_label(url) == shown


@pytest.mark.parametrize(("word", "shown"), [(None, "–"), ("", "–"), ("\x1b[0m", "–"), ("Q4_0", "Q4_0")])
def test_a_word_that_is_missing_is_a_dash(word: str | None, shown: str) -> None:
    assert figures.name(word) == shown


@given(st.floats(0, 1e7), st.floats(0, 1e7))
def test_a_longer_size_never_reads_as_a_shorter_one(one: float, other: float) -> None:
    smaller, larger = sorted((round(one * MB), round(other * MB)))
    assert _bytes_read(figures.size(smaller)) <= _bytes_read(figures.size(larger))


def _bytes_read(shown: str) -> float:
    number, unit = shown.split()
    return float(number) * {"B": 1, "KB": 1000, "MB": MB, "GB": GB, "TB": 1000 * GB}[unit]


@given(st.text())
def test_any_url_has_a_label(url: str) -> None:
    assert figures.host_label(url) != ""


def test_a_host_that_the_user_named_is_shown_by_its_name_first() -> None:
    host = Host(url="http://10.0.0.5:11434", kind="ollama", version=None, via=("hosts file",), addresses=("10.0.0.5",))
    assert figures.host_title(host) == "10.0.0.5"
    assert figures.host_title(msgspec.structs.replace(host, name="gpu")) == "gpu (10.0.0.5)"


def test_hosts_are_called_by_the_users_name_then_by_the_networks_and_by_address_where_two_are_called_alike() -> None:
    def host(url: str, name: str | None = None, *names: str) -> Host:
        return Host(url=url, kind="ollama", version=None, via=("scan",), addresses=("?",), name=name, names=names)

    hosts = [
        host("http://10.0.0.1:11434", "desk", "gpu.lan"),
        host("http://10.0.0.2:11434", None, "nas.lan", "nas"),
        host("http://10.0.0.2:8080", None, "nas.lan"),
        host("http://10.0.0.3:11434", None, "twin.lan"),
        host("http://10.0.0.4:11434", None, "twin.lan"),
        host("http://10.0.0.5:11434", None, "desk"),
        host("http://[fd00::1]:8080", None, "six.lan"),
        host("http://named.lan:11434", None, "other.lan"),
        host("https://10.0.0.6:443/eu", None, "eu.lan"),
        host("http://10.0.0.7:11434"),
    ]
    assert list(figures.host_names(hosts).values()) == [
        "desk",
        "nas.lan",
        "nas.lan:8080",
        "10.0.0.3",
        "10.0.0.4",
        "10.0.0.5",
        "six.lan:8080",
        "named.lan",
        "https://10.0.0.6:443/eu",
        "10.0.0.7",
    ]
    assert [figures.host_title(one) for one in hosts[1:3]] == ["nas.lan (10.0.0.2)", "nas.lan (10.0.0.2:8080)"]
