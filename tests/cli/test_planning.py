import inspect
import json
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import msgspec
import pytest

from command import CommandLine, environment_of, written
from ollama_speedrun.benchmark.plan import PROFILES, QUICK_TOKENS, IfBusy, Profile, Thinking
from ollama_speedrun.cli import demo, planning, settings
from ollama_speedrun.cli.parser import parse
from ollama_speedrun.cli.planning import is_pattern
from ollama_speedrun.cli.settings import Settings
from ollama_speedrun.discovery.plan import build_plan
from ollama_speedrun.discovery.targets import parse_target
from ollama_speedrun.discovery.types import DiscoveryPlan, Host, ServerTarget, Sweep
from ollama_speedrun.errors import UsageError


@pytest.mark.parametrize("host", ["*", "gpu*", "192.168.1.?", "http://gpu*:11434", "*:11500"])
def test_a_host_with_a_wildcard_chooses_among_those_found(host: str) -> None:
    assert is_pattern(host)


@pytest.mark.parametrize("host", ["gpu1", "[::1]:11434", "10.0.0.0/24", "http://gpu1/?a=b"])
def test_a_host_without_a_wildcard_is_a_target(host: str) -> None:
    assert not is_pattern(host)


def test_a_dry_run_prints_the_plan(command: CommandLine) -> None:
    ended = command("discover", "--dry-run", "127.0.0.1", "127.0.3.0/30", "--port", "11434,11500", "--host", "gpu*")
    assert (ended.status, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        "http://127.0.0.1:11434 (target)",
        "http://127.0.0.1:11500 (target)",
        "2 addresses of 127.0.3.0/30 on port 11434",
        "2 addresses of 127.0.3.0/30 on port 11500",
    ]


def test_a_dry_run_without_targets_begins_with_this_machine_and_ollama_host(command: CommandLine) -> None:
    ended = command("discover", "--dry-run", "--json", variables={"OLLAMA_HOST": "gpu1:11500"})
    plan = json.loads(ended.stdout)
    assert plan["servers"][0] == {"url": "http://127.0.0.1:11434", "via": "localhost"}
    assert {"url": "http://gpu1:11500", "via": "OLLAMA_HOST"} in plan["servers"]
    assert set(plan) == {"servers", "networks", "notes"}


def test_hosts_of_the_settings_file_are_targets_that_the_command_line_replaces(command: CommandLine) -> None:
    command.config_dir.mkdir()
    (command.config_dir / "config.toml").write_text('host = ["127.0.0.7"]\n', encoding="utf-8")
    assert command("discover", "--dry-run").stdout == "http://127.0.0.7:11434 (target)\n"
    assert command("discover", "--dry-run", "127.0.0.8").stdout == "http://127.0.0.8:11434 (target)\n"
    assert command("discover", "--dry-run", "--host=127.0.0.9", "127.0.0.8").stdout == (
        "http://127.0.0.9:11434 (target)\nhttp://127.0.0.8:11434 (target)\n"
    )


def sweeping(addresses: int) -> DiscoveryPlan:
    network = IPv4Network("10.0.0.0/16")
    sweep = Sweep(
        network=network,
        addresses=tuple(IPv4Address(int(network.network_address) + one) for one in range(addresses)),
        port=11434,
        via="target",
        on_link=False,
    )
    return msgspec.structs.replace(build_plan(targets=[parse_target("127.0.0.1")]), sweeps=(sweep,))


def settings_of(tmp_path: Path, **flags: object) -> Settings:
    return settings.load(environment_of(tmp_path, variables={}), flags).settings


@pytest.mark.parametrize("answer", ["n\n", "no\n", "what?\n"])
def test_a_large_sweep_is_not_begun_against_the_answer(answer: str, tmp_path: Path) -> None:
    environment = environment_of(tmp_path, stdin=answer, interactive=True)
    with pytest.raises(UsageError, match="nothing was probed"):
        planning.confirm_sweep(sweeping(2000), settings_of(tmp_path), environment)
    assert written(environment.stderr) == "Probe 2,000 addresses? [Y/n] "


@pytest.mark.parametrize(
    ("addresses", "answer", "interactive", "flags"),
    [
        (2000, "\n", True, {}),
        (2000, "y\n", True, {}),
        (2000, "n\n", True, {"yes": True}),
        (2000, "n\n", False, {}),
        (1024, "n\n", True, {}),
    ],
)
def test_a_sweep_goes_on_when_allowed_small_or_when_nobody_can_answer(
    addresses: int, answer: str, interactive: bool, flags: dict[str, object], tmp_path: Path
) -> None:
    environment = environment_of(tmp_path, stdin=answer, interactive=interactive)
    planning.confirm_sweep(sweeping(addresses), settings_of(tmp_path, **flags), environment)
    assert ("[Y/n]" in written(environment.stderr)) == (addresses > 1024 and interactive and not flags)


def test_without_any_flag_the_benchmark_is_that_of_the_standard_profile(tmp_path: Path) -> None:
    assert planning.benchmark_settings(settings_of(tmp_path)) == PROFILES[Profile.STANDARD]


def test_a_profile_decides_what_is_not_said(tmp_path: Path) -> None:
    thorough = PROFILES[Profile.THOROUGH]
    assert planning.benchmark_settings(settings_of(tmp_path, profile="thorough")) == thorough
    chosen = settings_of(tmp_path, profile="thorough", depths=["off"], parallel=["1,3"], think="off", budget="20")
    assert planning.benchmark_settings(chosen) == msgspec.structs.replace(
        thorough, depths=(), concurrency_levels=(1, 3), thinking=Thinking.OFF, budget_s=20.0
    )


def test_fewer_trials_and_tokens_bound_the_trials(tmp_path: Path) -> None:
    chosen = settings_of(tmp_path, trials="2", num_predict="40", if_busy="go")
    assert planning.benchmark_settings(chosen) == msgspec.structs.replace(
        PROFILES[Profile.STANDARD],
        fewest_trials=2,
        most_trials=2,
        num_predict=40,
        trial_tokens=40,
        if_busy=IfBusy.GO,
    )


def test_more_trials_leave_the_fewest_as_they_are(tmp_path: Path) -> None:
    planned = planning.benchmark_settings(settings_of(tmp_path, profile="quick", trials="9"))
    assert (planned.fewest_trials, planned.most_trials) == (2, 9)


def test_a_number_of_items_is_asked_whole_whatever_a_profile_bounds(tmp_path: Path) -> None:
    quick = planning.benchmark_settings(settings_of(tmp_path, profile="quick", max_items="40"))
    standard = planning.benchmark_settings(settings_of(tmp_path, max_items="40"))
    assert (quick.max_items, quick.first_items, quick.answer_tokens) == (40, 40, None)
    assert (standard.max_items, standard.first_items) == (40, PROFILES[Profile.STANDARD].first_items)


def test_quick_spends_no_more_output_tokens_than_it_says() -> None:
    quick = PROFILES[Profile.QUICK]
    assert quick.answer_tokens is not None
    assert quick.num_predict + quick.most_trials * quick.trial_tokens + quick.answer_tokens <= QUICK_TOKENS


@pytest.mark.parametrize(
    ("argv", "variables", "expected"),
    [
        ((), {}, Profile.QUICK),
        (("--profile=standard",), {}, Profile.STANDARD),
        ((), {"OLLAMA_SPEEDRUN_PROFILE": "thorough"}, Profile.THOROUGH),
    ],
)
def test_the_demo_is_quick_unless_somebody_wants_otherwise(
    argv: tuple[str, ...], variables: dict[str, str], expected: Profile, tmp_path: Path
) -> None:
    environment = environment_of(tmp_path, "demo", *argv, variables=variables)
    assert demo.settings_of(environment, parse(environment.argv)).profile is expected


def test_what_a_scan_may_touch_by_default_is_what_a_plan_allows_without_being_told(tmp_path: Path) -> None:
    defaults = {name: parameter.default for name, parameter in inspect.signature(build_plan).parameters.items()}
    given = settings_of(tmp_path).filling("discovery")
    assert given
    assert given == {name: defaults[name] for name in given}


NAMED_HOSTS = {
    ("localhost:11500", "127.0.0.8", "--host", "localhost"): ["http://localhost:11500"],
    ("localhost:11500", "127.0.0.8", "--host", "LOCALHOST:11500"): ["http://localhost:11500"],
    ("127.0.0.8", "--host", "127.0.0.9"): ["http://127.0.0.9:11434", "http://127.0.0.8:11434"],
    ("127.0.0.8:1", "127.0.0.8:2", "127.0.0.9"): ["http://127.0.0.8:1", "http://127.0.0.8:2", "http://127.0.0.9:11434"],
    ("127.0.0.8:1", "127.0.0.8:2", "127.0.0.9", "--host=127.0.0.8"): ["http://127.0.0.8:1", "http://127.0.0.8:2"],
    ("--hosts-file", "hosts", "--host", "gpu"): ["http://127.0.0.5:11500"],
    ("--hosts-file", "hosts", "--host", "gpu", "--host", "127.0.0.7"): [
        "http://127.0.0.7:11434",
        "http://127.0.0.5:11500",
    ],
    ("--hosts-file", "hosts"): ["http://127.0.0.5:11500", "http://127.0.0.6:11434"],
}


@pytest.mark.parametrize("arguments", NAMED_HOSTS, ids=" ".join)
def test_a_host_that_is_called_as_one_of_the_targets_selects_it_and_any_other_is_a_target(
    command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("hosts").write_text("gpu=127.0.0.5:11500\n127.0.0.6\n", encoding="utf-8")
    ended = command("discover", "--dry-run", *arguments)
    assert (ended.status, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        f"{url} ({'hosts file' if '127.0.0.5' in url or '127.0.0.6' in url else 'target'})"
        for url in NAMED_HOSTS[arguments]
    ]


def test_a_name_beside_a_pattern_selects_among_all_that_is_probed(tmp_path: Path) -> None:
    environment = environment_of(tmp_path, "run")
    chosen = settings.load(environment, {"host": ["gpu*", "[::1]:1"]}, targets=("[::1]:1", "127.0.0.1")).settings
    hosts = planning.named_hosts(chosen, environment)
    assert [target.url for target in hosts.targets if isinstance(target, ServerTarget)] == [
        "http://[::1]:1",
        "http://127.0.0.1:11434",
    ]
    selection = planning.selection(chosen, host_patterns=hosts.patterns)
    here = Host(url="http://[::1]:1", kind="ollama", version=None, via=("target",), addresses=("::1",))
    assert selection.takes_host(here)
    assert not selection.takes_host(
        msgspec.structs.replace(here, url="http://127.0.0.1:11434", addresses=("127.0.0.1",))
    )
