from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.discovery.targets import is_sweepable, parse_ollama_host, parse_target
from ollama_speedrun.discovery.types import NetworkTarget, ServerTarget
from ollama_speedrun.errors import TargetError


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("box", "http://box:11434"),
        ("Box.Lan.", "http://box.lan.:11434"),
        ("my_box-2:8080", "http://my_box-2:8080"),
        ("  192.168.1.20 ", "http://192.168.1.20:11434"),
        ("192.168.1.20:1", "http://192.168.1.20:1"),
        ("::1", "http://[::1]:11434"),
        ("0:0:0:0:0:0:0:1", "http://[::1]:11434"),
        ("[::1]", "http://[::1]:11434"),
        ("[fe80::1%eth0]", "http://[fe80::1%eth0]:11434"),
        ("http://[fe80::1%25eth0]", "http://[fe80::1%eth0]:11434"),
        ("http://[fe80::1%25]:80", "http://[fe80::1%25]:80"),
        ("[::1]:65535", "http://[::1]:65535"),
        ("http://box", "http://box:11434"),
        ("http://box/", "http://box:11434"),
        ("HTTP://box:80", "http://box:80"),
        ("https://ollama.example.org", "https://ollama.example.org:443"),
        ("https://[fd00::7]:8443/", "https://[fd00::7]:8443"),
        ("https://example.org/ollama/", "https://example.org:443/ollama"),
        ("127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("box/", "http://box:11434"),
        ("[::1]:8080/", "http://[::1]:8080"),
        ("box:8080/ollama", "http://box:8080/ollama"),
        ("http://box:8080/a/b%20c", "http://box:8080/a/b%20c"),
    ],
)
def test_a_server_is_named_in_every_usual_way(text: str, url: str) -> None:
    target = parse_target(text)
    assert isinstance(target, ServerTarget)
    assert (target.url, target.via) == (url, "target")


def test_the_default_port_is_the_callers_for_http_and_443_for_https() -> None:
    targets = [
        parse_target(text, default_port=8080) for text in ("box", "http://box", "https://box", "box:1", "10.0.0.0/30")
    ]
    assert [target.port for target in targets] == [8080, 8080, 443, 1, 8080]


def test_a_network_is_written_with_any_of_its_addresses() -> None:
    expected = NetworkTarget(network=IPv4Network("192.168.1.0/24"), port=11434, via="target")
    assert [parse_target("192.168.1.0/24"), parse_target("192.168.1.77/24")] == [expected, expected]


def test_a_network_may_be_as_large_as_the_bound_and_no_larger() -> None:
    assert isinstance(parse_target("10.0.0.0/22", max_addresses=1024), NetworkTarget)
    with pytest.raises(TargetError, match=r"10\.0\.0\.0/21 has 2,048 addresses, .* --max-addresses"):
        parse_target("10.0.0.0/21", max_addresses=1024)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty target"),
        ("   ", "empty target"),
        ("http://", "names no server"),
        (":11434", "names no server"),
        ("a b", "names no server"),
        ("-box", "names no server"),
        ("*.lan", "names no server"),
        ("x" * 64, "names no server"),
        ("box:", "is not a port"),
        ("box:0", "is not a port"),
        ("box:65536", "is not a port"),
        ("box:http", "is not a port"),
        ("http://box:999999", "is not a port"),
        ("box:١٢", "is not a port"),
        ("999.1.1.1", "is not an IPv4 address"),
        ("1.2.3", "is not an IPv4 address"),
        ("[::zz]", "is not an IPv6 address"),
        ("[::1", "is not an IPv6 address"),
        ("[::1]9", "is not an IPv6 address"),
        ("1:2:3", "is not an IPv6 address"),
        ("http://[::1", "is not a URL"),
        ("ftp://box", "only http and https"),
        ("http://box/api", "goes on after the server: leave out what comes from /api"),
        ("http://box?x=s3cret", "a target takes no . or # behind the server: give only http://box$"),
        ("http://box#x", "a target takes no . or # behind the server"),
        ("box/api", "is no network"),
        ("box:8080/api/tags", "goes on after the server: leave out what comes from /api"),
        ("box:8080/24", "is no network"),
        ("/", "names no server"),
        ("192.168.1.0/33", "is no network"),
        ("8.8.8.0/24", "not a private network"),
        ("100.64.0.0/24", "not a private network"),
        ("192.0.2.0/24", "not a private network"),
        ("0.0.0.0/0", "not a private network"),
        ("10.0.0.0/7", "not a private network"),
        ("fd00::/120", "IPv6 network"),
    ],
)
def test_what_names_nothing_usable_gets_one_sentence(text: str, message: str) -> None:
    with pytest.raises(TargetError, match=message) as caught:
        parse_target(text)
    assert not str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "http://me:s3cret@box",
        "me:s3cret@box",
        "https://s3cret@box/api",
        "http://me:s3cret@",
        "http://me:s3c/s3cret@box",
        "http://me:/s3cret@box",
    ],
)
def test_credentials_are_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(TargetError, match="password is not accepted") as caught:
        parse_target(text)
    assert "s3cret" not in str(caught.value)


@given(st.text())
def test_any_text_is_a_target_or_a_target_error(text: str) -> None:
    for parse in (parse_target, parse_ollama_host):
        try:
            target = parse(text)
        except TargetError:
            continue
        assert 1 <= target.port <= 65535


@given(
    st.sampled_from(["http", "https"]),
    st.from_regex(r"[a-z][a-z0-9]{0,10}(\.[a-z]{1,5}){0,2}", fullmatch=True)
    | st.ip_addresses().map(str).filter(lambda ip: "%" not in ip),
    st.integers(1, 65535),
)
def test_a_servers_url_names_the_same_server(scheme: str, host: str, port: int) -> None:
    server = ServerTarget(scheme=scheme, host=host, port=port)
    assert parse_target(server.url) == server


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("  ", "http://127.0.0.1:11434"),
        ("box", "http://box:11434"),
        ("box:8080", "http://box:8080"),
        ('"box:8080"', "http://box:8080"),
        (" 'box' ", "http://box:11434"),
        (":56789", "http://127.0.0.1:56789"),
        ("http://box", "http://box:80"),
        ("http://box:8080/", "http://box:8080"),
        ("https://box", "https://box:443"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("http://0.0.0.0", "http://127.0.0.1:80"),
        ("::1", "http://[::1]:11434"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("::", "http://[::1]:11434"),
        ("[::]:8080", "http://[::1]:8080"),
        ("box:", "http://box:11434"),
        ("box:66000", "http://box:11434"),
        ("box:-1", "http://box:11434"),
        ("box:port", "http://box:11434"),
        ("https://box:99999", "https://box:443"),
        ("https://box/ollama/", "https://box:443/ollama"),
        ("box:8080/ollama", "http://box:8080/ollama"),
    ],
)
def test_ollama_host_is_read_by_ollamas_own_rules(value: str, url: str) -> None:
    target = parse_ollama_host(value)
    assert (target.url, target.via) == (url, "OLLAMA_HOST")


@pytest.mark.parametrize("value", ["ftp://box", "http://box/a b", "box/api/tags", "me:pw@box", "a b", "[::zz]"])
def test_an_ollama_host_that_leads_nowhere_is_an_error(value: str) -> None:
    with pytest.raises(TargetError):
        parse_ollama_host(value)


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ("10.0.0.0/8", True),
        ("172.31.255.0/24", True),
        ("172.32.0.0/24", False),
        ("192.168.0.0/16", True),
        ("192.168.0.0/15", False),
        ("127.0.0.0/30", True),
        ("198.51.100.0/24", False),
    ],
)
def test_only_private_networks_are_sweepable(network: str, expected: bool) -> None:
    assert is_sweepable(IPv4Network(network)) is expected
