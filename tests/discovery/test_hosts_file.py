from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.discovery.hosts_file import parse_hosts_file
from ollama_speedrun.discovery.types import NetworkTarget, Secret, ServerTarget, Watts
from ollama_speedrun.errors import TargetError


def parse(text: str, **variables: str) -> tuple[ServerTarget | NetworkTarget, ...]:
    return parse_hosts_file(text, origin="hosts", variables=variables)


def test_each_line_is_a_target_with_a_name_and_a_token_where_wanted() -> None:
    text = (
        "# machines under the desk\n192.168.1.20\n\n  gpu=http://gpu.lan:8080  # the big one\n"
        "eu=https://ollama.example.org/eu token=$EU\nbox token=a#b\n10.9.0.0/30\n"
    )
    assert parse(text, EU="s3cret") == (
        ServerTarget(host="192.168.1.20", via="hosts file"),
        ServerTarget(host="gpu.lan", port=8080, via="hosts file", name="gpu"),
        ServerTarget(
            scheme="https",
            host="ollama.example.org",
            port=443,
            path="/eu",
            via="hosts file",
            name="eu",
            token=Secret("s3cret"),
        ),
        ServerTarget(host="box", via="hosts file", token=Secret("a#b")),
        NetworkTarget(network=IPv4Network("10.9.0.0/30"), via="hosts file"),
    )


def test_a_target_without_a_port_stands_for_each_of_the_ports() -> None:
    targets = parse_hosts_file("box\nother:99\n", origin="hosts", variables={}, ports=(11434, 8080))
    assert [target.port for target in targets] == [11434, 8080, 99]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("box extra", "only token="),
        ("box token=", "only token="),
        ("box token=s3cret more", "only token="),
        ("box token=s3cret token=s3cret", "each once"),
        ("box idle_watts=60", "idle_watts needs busy_watts"),
        ("box busy_watts=lots", "are numbers such as 350"),
        ("box busy_watts=100 idle_watts=200", "less than the idle watts"),
        ("box busy_watts=nan", "nan is no number of watts"),
        ("10.0.0.0/24 busy_watts=300", "watts belong to one server"),
        ("box token=$NOT_SET", "the variable NOT_SET holds no token"),
        ("box token=s3cret\u00e9", "no HTTP header"),
        ("10.0.0.0/24 token=s3cret", "a token goes to one server"),
        ("8.8.8.0/24", "not a private network"),
        ("http://me:s3cret@box", "password is not accepted"),
    ],
)
def test_what_cannot_be_used_is_named_by_its_line_and_no_secret_is_repeated(line: str, message: str) -> None:
    with pytest.raises(TargetError, match=message) as caught:
        parse(f"# first\n{line}\n")
    assert str(caught.value).startswith("hosts, line 2: ")
    assert "s3cret" not in str(caught.value)


def test_a_line_states_what_its_host_draws_beside_a_token_or_without() -> None:
    box, rack = parse("box busy_watts=350\nrack=10.0.0.9 idle_watts=60.5 token=s3cret busy_watts=400")
    assert box == ServerTarget(host="box", via="hosts file", watts=Watts(busy_watts=350.0))
    assert rack == ServerTarget(
        host="10.0.0.9",
        via="hosts file",
        name="rack",
        token=Secret("s3cret"),
        watts=Watts(busy_watts=400.0, idle_watts=60.5),
    )


def test_a_token_shows_in_no_representation() -> None:
    (target,) = parse("box token=s3cret")
    assert "s3cret" not in repr(target)
    assert "s3cret" not in str(target)


@given(st.text())
def test_any_text_gives_targets_or_a_target_error(text: str) -> None:
    try:
        targets = parse(text)
    except TargetError:
        return
    assert all(target.via == "hosts file" for target in targets)
