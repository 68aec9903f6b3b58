from ipaddress import IPv4Interface, IPv4Network

from ollama_speedrun.discovery.diagnosis import Outcomes, diagnose, scope
from ollama_speedrun.discovery.plan import build_plan
from ollama_speedrun.discovery.types import DiscoveryPlan, Interface, KnownHost, Neighbour, NetworkTarget, ServerTarget

LAN = Interface(name="eth0", address=IPv4Interface("10.0.0.2/29"))
SWEPT = build_plan(interfaces=[LAN])


def sentences(
    plan: DiscoveryPlan, outcomes: Outcomes, *, neighbours: tuple[str, ...] = (), platform: str = "linux"
) -> list[str]:
    return list(diagnose(plan, outcomes, neighbours=neighbours, platform=platform))


def found(**changes: object) -> Outcomes:
    outcomes = Outcomes(servers=1)
    for name, value in changes.items():
        setattr(outcomes, name, value)
    return outcomes


def test_where_servers_answered_and_nothing_else_was_there_nothing_is_said() -> None:
    assert sentences(SWEPT, found()) == []


def test_a_machine_that_refuses_is_named_with_the_hint_on_ollama_host() -> None:
    outcomes = found()
    outcomes.refused[11434] = [f"10.0.0.{last}" for last in (12, 3, 4, 5, 6, 7, 8, 9)]
    assert sentences(SWEPT, outcomes) == [
        (
            "Up, but nothing accepts on port 11434: 10.0.0.3, 10.0.0.4, 10.0.0.5, 10.0.0.6, 10.0.0.7, 10.0.0.8 and 2 "
            "more. Where Ollama runs there, is OLLAMA_HOST=0.0.0.0 set?"
        )
    ]


def test_a_machine_that_lives_but_stays_silent_is_named_with_its_firewall() -> None:
    outcomes = found(answered={"10.0.0.3"})
    assert sentences(SWEPT, outcomes, neighbours=("10.0.0.3", "10.0.0.4", "192.168.7.7")) == [
        (
            "Up, but port 11434 stays silent: 10.0.0.4. Where Ollama runs there, let its firewall accept that port, "
            "and set OLLAMA_HOST=0.0.0.0."
        )
    ]


def test_a_machine_that_accepted_and_was_cut_off_is_no_miss() -> None:
    outcomes = found(unverified=["http://10.0.0.4:11434"])
    assert sentences(SWEPT, outcomes) == ["Accepted, but had not answered when the time was up: http://10.0.0.4:11434."]


def test_nothing_found_says_what_was_tried_and_the_three_likeliest_reasons() -> None:
    tried, reasons = sentences(SWEPT, Outcomes())
    assert tried == "No Ollama server answered. Tried: this machine, 10.0.0.0/29 port 11434 (5 addresses)."
    assert [reasons.count(f"({number})") for number in (1, 2, 3, 4)] == [1, 1, 1, 0]
    assert "OLLAMA_HOST=0.0.0.0" in reasons


def test_targets_that_failed_have_been_explained_one_by_one() -> None:
    plan = build_plan(targets=[ServerTarget(host="127.0.0.1")])
    assert sentences(plan, Outcomes()) == []


def test_macos_that_turns_everything_down_at_once_is_recognised() -> None:
    (sentence,) = sentences(SWEPT, Outcomes(unreachable_at_once=5), platform="darwin")
    assert "Local Network" in sentence
    assert sentences(SWEPT, found(unreachable_at_once=2), platform="darwin") == []
    assert "Local Network" not in " ".join(sentences(SWEPT, Outcomes(unreachable_at_once=5), platform="linux"))


def test_the_scope_names_every_part_of_a_plan() -> None:
    plan = build_plan(
        interfaces=[LAN],
        neighbours=[Neighbour(ip="10.0.0.3", mac="02:00:00:00:00:01")],
        known=[KnownHost("100.64.0.7", "tailscale")],
        ollama_host=ServerTarget(host="gpu", via="OLLAMA_HOST"),
    )
    assert scope(plan) == [
        "this machine",
        "http://gpu:11434",
        "1 via neighbours",
        "1 via tailscale",
        "10.0.0.0/29 port 11434 (4 addresses)",
    ]
    only = build_plan(targets=[NetworkTarget(network=IPv4Network("10.1.0.0/31"))])
    assert scope(only) == ["10.1.0.0/31 port 11434 (2 addresses)"]
