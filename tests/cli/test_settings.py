import contextlib
import json
import os
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import CommandLine, environment_of
from ollama_speedrun.assessment.types import Tier
from ollama_speedrun.assessment.uses import USES, Use
from ollama_speedrun.benchmark.plan import (
    CONCURRENCY_LEVELS,
    DEPTHS,
    BenchmarkSettings,
    IfBusy,
    Profile,
    Thinking,
)
from ollama_speedrun.cli import planning, settings
from ollama_speedrun.cli.kinds import TIERS
from ollama_speedrun.cli.options import SETTINGS, Option
from ollama_speedrun.discovery.types import Watts
from ollama_speedrun.discovery.watts import HostWatts
from ollama_speedrun.errors import SettingsError, UsageError
from ollama_speedrun.pipeline.settings import RunSettings


def load(home: Path, *, toml: str = "", variables: dict[str, str] | None = None, **flags: object) -> settings.Layers:
    environment = environment_of(home, variables=variables or {})
    environment.config_dir.mkdir(exist_ok=True)
    if toml:
        (environment.config_dir / "config.toml").write_text(toml, encoding="utf-8")
    return settings.load(environment, flags)


def test_without_any_layer_the_defaults_hold(tmp_path: Path) -> None:
    layers = load(tmp_path)
    assert layers.settings.by_key == {setting.key: setting.default for setting in SETTINGS}
    assert set(layers.origins.values()) == {"default"}


def test_a_flag_wins_over_a_variable_and_that_over_the_file(tmp_path: Path) -> None:
    layers = load(
        tmp_path,
        toml="timeout = 10\nnum_predict = 20\ncontext = 30\n",
        variables={"OLLAMA_SPEEDRUN_NUM_PREDICT": "21", "OLLAMA_SPEEDRUN_CONTEXT": "31"},
        context="32",
    )
    held = layers.settings
    assert (held.timeout_s, held.num_predict, held.context, held.concurrency) == (10.0, 21, 32, 8)
    assert {key: layers.origins[key] for key in ("timeout", "num_predict", "context", "concurrency")} == {
        "timeout": str(tmp_path / "config" / "config.toml"),
        "num_predict": "OLLAMA_SPEEDRUN_NUM_PREDICT",
        "context": "--context",
        "concurrency": "default",
    }


def test_lists_come_from_arrays_single_values_commas_and_repeated_flags(tmp_path: Path) -> None:
    layers = load(
        tmp_path,
        toml='port = 11435\nmodel = ["a*", "b*"]\n',
        variables={"OLLAMA_SPEEDRUN_EXCLUDE": "x*, y*"},
        tier=["lt2,4-8", "16+"],
        output=["a,b.json"],
    )
    held = layers.settings
    assert (held.port, held.model, held.exclude) == ((11435,), ("a*", "b*"), ("x*", "y*"))
    assert (held.tier, held.output) == (("<2", "4-8", "16+"), ("a,b.json",))


def test_the_tiers_of_the_command_line_are_those_of_the_verdict() -> None:
    assert Tier.__args__ == TIERS  # type: ignore[attr-defined]


@pytest.mark.parametrize(("key", "words"), [("profile", Profile), ("think", Thinking), ("if_busy", IfBusy)])
def test_the_words_of_the_command_line_are_those_of_the_plan(key: str, words: type[StrEnum], tmp_path: Path) -> None:
    environment = environment_of(tmp_path, variables={})
    for word in words:
        assert getattr(settings.load(environment, {key: str(word)}).settings, key) is word
    with pytest.raises(SettingsError, match=re.escape(" or ".join(words))):
        settings.load(environment, {key: "other"})


@pytest.mark.parametrize(
    ("toml", "flag", "held"),
    [
        ("", None, None),
        ("depths = [0, 2048]", None, (0, 2048)),
        ("depths = 4096", None, (4096,)),
        ("depths = []", None, ()),
        ('depths = "off"', None, ()),
        ("depths = [0, 2048]", ["off"], ()),
        ("", ["on"], DEPTHS),
        ("", ["0,4096", "8192"], (0, 4096, 8192)),
    ],
)
def test_a_sweep_is_a_list_of_levels_or_a_switch(
    toml: str, flag: list[str] | None, held: tuple[int, ...] | None, tmp_path: Path
) -> None:
    assert load(tmp_path, toml=toml, depths=flag).settings.depths == held


def test_the_requests_at_once_have_their_own_usual_levels(tmp_path: Path) -> None:
    assert load(tmp_path, parallel=["on"]).settings.parallel == CONCURRENCY_LEVELS
    with pytest.raises(SettingsError, match="--parallel is '0'; give numbers of requests"):
        load(tmp_path, parallel=["0"])


@pytest.mark.parametrize(
    ("flag", "text", "expected"),
    [
        ("timeout", "0", "a number of seconds above 0, such as 30"),
        ("timeout", "-1", "a number of seconds above 0, such as 30"),
        ("timeout", "nan", "a number of seconds above 0, such as 30"),
        ("timeout", "inf", "a number of seconds above 0, such as 30"),
        ("timeout", "soon", "a number of seconds above 0, such as 30"),
        ("connect_timeout", "0", "a number of seconds above 0, such as 30"),
        ("num_predict", "0", "a whole number from 1 to 999999999, such as 8"),
        ("context", "4q", "a number of tokens, such as 32768 or 32k"),
        ("context", "999999k", "a number of tokens, such as 32768 or 32k"),
        ("max_memory", "24 boxes", "a size of memory, such as 24GB"),
        ("max_memory", "0", "a size of memory, such as 24GB"),
        ("concurrency", "0", "a whole number from 1 to 999999999, such as 8"),
        ("concurrency", "1.5", "a whole number from 1 to 999999999, such as 8"),
        ("max_addresses", "9" * 30, "a whole number from 1 to 999999999, such as 8"),
        ("port", "99999", "port numbers from 1 to 65535, such as 11434"),
        ("port", "", "port numbers from 1 to 65535, such as 11434"),
        ("tier", "huge", "memory tiers out of <2, 2-4, 4-8, 8-16, 16+"),
        ("model", " ", "names or patterns, such as 'llama3*'"),
        ("scoring", "best", "overall or classic"),
        ("budget", "0", "a number of seconds above 0, such as 30"),
        ("trials", "0", "a whole number from 1 to 999999999, such as 8"),
        ("depths", "-1", "tokens of context, such as 0,2048,16k, or on or off"),
        ("depths", "2q", "tokens of context, such as 0,2048,16k, or on or off"),
        ("parallel", "many", "numbers of requests up to 64, such as 1,4, or on or off"),
    ],
)
def test_an_impossible_value_is_named_with_what_to_give(flag: str, text: str, expected: str, tmp_path: Path) -> None:
    shown = next(setting.flag for setting in SETTINGS if setting.key == flag)
    with pytest.raises(SettingsError) as caught:
        settings.load(environment_of(tmp_path, variables={}), {flag: text})
    assert str(caught.value) == f"{shown} is {text!r}; give {expected}"


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("timout = 5", "unknown setting 'timout' in {file}; did you mean timeout?"),
        ("zzz = 5", "unknown setting 'zzz' in {file}; `config show` lists every setting"),
        ('timeout = "5"', "timeout in {file} is '5'; give a number of seconds above 0, such as 30"),
        ("num_predict = 5.0", "num_predict in {file} is 5.0; give a whole number from 1 to 999999999, such as 8"),
        ("num_predict = true", "num_predict in {file} is True; give a whole number from 1 to 999999999, such as 8"),
        ("quiet = 1", "quiet in {file} is 1; give true or false"),
        ("model = [1]", "model in {file} is [1]; give names or patterns, such as 'llama3*'"),
        ("[port]\nx = 1", "port in {file} is {{'x': 1}}; give port numbers from 1 to 65535, such as 11434"),
        ("timeout = inf", "timeout in {file} is 'inf'; give a number of seconds above 0, such as 30"),
        ('history = "a\\u0000b"', "history in {file} is 'a\\x00b'; give the name of a file"),
        (
            'output = ["a\\u0000.json"]',
            "output in {file} is 'a\\x00.json'; give file names that end in .json, .md, .csv, .html, .svg or .png",
        ),
    ],
)
def test_a_wrong_line_of_the_settings_file_is_named(toml: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, toml=toml)
    assert str(caught.value) == sentence.format(file=tmp_path / "config" / "config.toml")


def test_a_settings_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"config\.toml is not valid TOML: .*line 1"):
        load(tmp_path, toml="timeout: 5")


def test_a_settings_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config" / "config.toml"
    path.parent.mkdir()
    path.write_bytes("timeout = 5".encode("utf-16"))
    with pytest.raises(SettingsError, match=r"config\.toml is not UTF-8; save it in this encoding"):
        load(tmp_path)


def test_a_settings_file_that_is_a_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "config" / "config.toml").mkdir(parents=True)
    with pytest.raises(SettingsError, match=r"config\.toml cannot be read: "):
        load(tmp_path)


def test_a_named_settings_file_must_exist_but_the_usual_one_need_not(tmp_path: Path) -> None:
    named = str(tmp_path / "mine.toml")
    with pytest.raises(SettingsError, match=r"there is no settings file .*mine\.toml"):
        load(tmp_path, variables={"OLLAMA_SPEEDRUN_CONFIG": named})
    Path(named).write_text("concurrency = 3", encoding="utf-8")
    layers = load(tmp_path, variables={"OLLAMA_SPEEDRUN_CONFIG": named})
    assert (layers.settings.concurrency, layers.origins["concurrency"]) == (3, named)


def test_an_unknown_variable_of_ours_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, variables={"OLLAMA_SPEEDRUN_TIMEUOT": "5"})
    assert str(caught.value) == "unknown variable OLLAMA_SPEEDRUN_TIMEUOT; did you mean OLLAMA_SPEEDRUN_TIMEOUT?"


@pytest.mark.parametrize(("text", "held"), [("1", True), ("Yes", True), ("off", False), ("false", False)])
def test_a_switch_in_a_variable_is_a_word(text: str, held: bool, tmp_path: Path) -> None:
    assert load(tmp_path, variables={"OLLAMA_SPEEDRUN_SAVE": text}).settings.save is held


def test_quiet_and_verbose_contradict_each_other_wherever_they_come_from(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, toml="verbose = true", quiet=True)
    assert str(caught.value) == (
        f"quiet (--quiet) and verbose ({tmp_path / 'config' / 'config.toml'}) contradict each other; give only one"
    )


@given(st.text(max_size=20))
def test_any_text_for_a_number_is_a_number_or_an_error_that_names_it(text: str) -> None:
    for key, flag in (("timeout", "--timeout"), ("num_predict", "--num-predict"), ("port", "--port")):
        try:
            outcome = settings.load(environment_of(Path("/nowhere"), variables={}), {key: text}).origins[key]
        except SettingsError as exc:
            outcome = str(exc).partition(" is ")[0]
        assert outcome == flag


def test_config_show_gives_points_and_durations_as_the_settings_file_takes_them(
    command: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "mine.toml").write_text('within = 5\nask_above = "1h30m"\ntime_limit = 90\n')
    shown = command("config", "show", "--config", str(tmp_path / "mine.toml")).stdout
    (tmp_path / "again.toml").write_text(shown)
    values = [
        json.loads(command("config", "show", "--json", "--config", str(tmp_path / name)).stdout)[key]["value"]
        for name in ("mine.toml", "again.toml")
        for key in ("within", "ask_above", "time_limit")
    ]
    assert values == [5.0, "1h30m", "1m30s"] * 2


def test_config_show_prints_lines_that_are_a_settings_file_themselves(command: CommandLine, tmp_path: Path) -> None:
    shown = command(
        "config",
        "show",
        variables={
            "OLLAMA_SPEEDRUN_TIER": "lt2,16+",
            "OLLAMA_SPEEDRUN_MODEL": 'a"b*',
            "OLLAMA_SPEEDRUN_WATTS": "gpu=60:350,localhost=sensors",
        },
    )
    assert shown.status == 0
    again = tmp_path / "again.toml"
    again.write_text(shown.stdout, encoding="utf-8")
    values = command("config", "show", "--json", "--config", again)
    decoded = msgspec.json.decode(values.stdout)
    assert decoded["tier"] == {"value": ["<2", "16+"], "origin": str(again)}
    assert decoded["model"] == {"value": ['a"b*'], "origin": str(again)}
    assert decoded["watts"] == {"value": ["gpu=60:350", "localhost=sensors"], "origin": str(again)}
    assert decoded["depths"] == {"value": [], "origin": "profile standard"}
    assert set(decoded) == {setting.key for setting in SETTINGS}


def test_config_path_says_where_the_settings_file_is_looked_for(command: CommandLine) -> None:
    assert command("config", "path") == (0, f"{command.config_dir / 'config.toml'}\n", "")


def test_a_broken_settings_file_ends_with_usage_and_no_traceback(command: CommandLine) -> None:
    command.config_dir.mkdir()
    (command.config_dir / "config.toml").write_text("colour = true", encoding="utf-8")
    ended = command("config", "show")
    assert ended == (
        2,
        "",
        f"ollama-speedrun: unknown setting 'colour' in {command.config_dir / 'config.toml'}; did you mean color?\n",
    )


def test_settings_cannot_be_changed_once_they_hold(tmp_path: Path) -> None:
    held = load(tmp_path).settings
    with pytest.raises(AttributeError):
        held.trials = 3  # type: ignore[misc]
    with pytest.raises(TypeError):
        held.by_key["trials"] = 3  # type: ignore[index]


def test_every_default_is_the_value_that_a_run_has_without_being_told(tmp_path: Path) -> None:
    held = load(tmp_path).settings
    assert planning.run_settings(held, selection=planning.selection(held, host_patterns=())) == RunSettings()


@pytest.mark.parametrize(
    "option", [option for option in SETTINGS if option.is_left_to_profile], ids=lambda row: row.key
)
def test_what_is_left_to_the_profile_is_a_field_of_every_profile(option: Option[object]) -> None:
    section, _, field = (option.fills or "").partition(".")
    assert (section, field in BenchmarkSettings.__struct_fields__) == ("benchmark", True)


@pytest.mark.parametrize(
    ("toml", "variables", "flags", "expected"),
    [
        ("", {}, {}, (2, 128, 300.0)),
        ("trials = 7", {}, {}, (7, 128, 300.0)),
        ("num_predict = 60", {"OLLAMA_SPEEDRUN_TRIALS": "5"}, {}, (5, 60, 300.0)),
        ('profile = "thorough"\ntrials = 7', {}, {"timeout": "9"}, (7, 128, 9.0)),
    ],
)
def test_a_profile_overwrites_nothing_that_was_given(
    toml: str, variables: dict[str, str], flags: dict[str, object], expected: tuple[int, int, float], tmp_path: Path
) -> None:
    chosen = load(tmp_path, toml=toml, variables=variables, profile="quick", **flags).settings
    plan = planning.benchmark_settings(chosen)
    assert (plan.most_trials, plan.num_predict, plan.timeout_s) == expected


def test_watts_and_the_price_go_into_the_run(tmp_path: Path) -> None:
    held = load(tmp_path, watts=["gpu=60:350,http://10.0.0.9:11434=sensors"], price_kwh="0.3").settings
    run = planning.run_settings(held, selection=planning.selection(held, host_patterns=()))
    assert run.watts == (
        HostWatts("gpu", Watts(busy_watts=350.0, idle_watts=60.0)),
        HostWatts("http://10.0.0.9:11434", None),
    )
    assert run.price_per_kwh == 0.3


def test_a_profile_of_its_own_length_timeout_and_context_is_honoured(tmp_path: Path) -> None:
    brief = BenchmarkSettings(num_predict=64, timeout_s=20.0, num_ctx=1024, trial_tokens=32)
    held = load(tmp_path, context="2k").settings
    assert planning.benchmark_settings(held, {Profile.STANDARD: brief}) == msgspec.structs.replace(brief, num_ctx=2048)


def test_a_use_of_the_settings_file_stands_among_the_usual_ones_or_in_the_place_of_one(tmp_path: Path) -> None:
    toml = """
for = "invoices"

[uses.invoices]
purpose = "reading invoices"
areas = { tasks = 2, "own area" = 1 }
quality = 1
speed = 0.5
needs = ["vision"]

[uses.code]
quality = 0.9
"""
    held = load(tmp_path, toml=toml).settings
    assert [use.name for use in held.uses] == ["chat", "code", "agent", "batch", "rag", "invoices"]
    assert held.uses[-1] == Use(
        name="invoices",
        purpose="reading invoices",
        areas={"tasks": 2.0, "own area": 1.0},
        quality=1.0,
        speed=0.5,
        needs=("vision",),
    )
    usual = next(use for use in USES if use.name == "code")
    assert held.uses[1] == msgspec.structs.replace(usual, quality=0.9)
    assert planning.report_settings(held).use == held.uses[-1]


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("uses = 3", "uses in FILE is no table; write [uses.NAME] with weights below it"),
        ("[uses]\nmine = 3", "uses.mine in FILE is no table; write [uses.mine] with weights below it"),
        ("[uses.'a b']\nspeed = 1", "uses.a b in FILE: a use is named by up to 40 letters, digits, '.', '_' and '-'"),
        ("[uses.mine]\nsped = 1", "uses.mine in FILE has an unknown field 'sped'; there are: areas, quality, speed, "),
        ("[uses.mine]\nspeed = -1", "speed of uses.mine in FILE is -1; give a number from 0 on, such as 0.5"),
        ("[uses.mine]\nspeed = nan", "speed of uses.mine in FILE is nan; give a number from 0 on, such as 0.5"),
        ("[uses.mine]\nspeed = true", "speed of uses.mine in FILE is True; give a number from 0 on, such as 0.5"),
        ("[uses.mine]\nareas = []", "areas of uses.mine in FILE is []; give a table of weights, such as"),
        ("[uses.mine]\nareas = { code = 0 }", "areas of uses.mine in FILE has no weight above 0; leave areas out"),
        ("[uses.mine]\nareas = { code = 'x' }", "areas.code of uses.mine in FILE is 'x'; give a number from 0 on"),
        ("[uses.mine]\nneeds = ['legs']", "needs of uses.mine in FILE is ['legs']; give a list out of: tools, vision"),
        ("[uses.mine]\nquality = 0\nspeed = 0\nlatency = 0", "uses.mine in FILE has no weight above 0; give one of"),
        ("[uses.mine]\nby_throughput = 1", "by_throughput of uses.mine in FILE is 1; give true or false"),
        ("for = 'cooking'", "for (FILE) is 'cooking', and there is no such use; there are: chat, code, agent"),
    ],
)
def test_a_fault_in_a_use_is_named_with_its_field(toml: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, toml=toml)
    assert str(caught.value).startswith(said.replace("FILE", str(tmp_path / "config" / "config.toml")))


@contextlib.contextmanager
def not_enterable(directory: Path) -> Iterator[None]:
    """Make a directory one that this process may not enter, as an administrator for as long as another user."""
    directory.chmod(0)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        directory.chmod(0o700)


def test_a_home_that_may_not_be_entered_has_no_settings_and_a_history_that_cannot_be_read(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    command = CommandLine(home)
    for words in (("assess",), ("config", "show")):  # so that all modules are loaded, which another user may not read
        command(*words)
    with not_enterable(home):
        shown = command("config", "show")
        last = command("assess")
    assert (shown.status, shown.stderr) == (0, "")
    assert "(no such file)" in shown.stdout.splitlines()[0]
    path = command.data_dir / "history.db"
    refused = (
        f"ollama-speedrun: the history {str(path)!r} cannot be used: permission denied; check the permissions of its "
        "directory, or name a file elsewhere with --history FILE\n"
    )
    assert last == (2, "", refused)


@pytest.mark.parametrize("home", [Path(os.devnull), Path(__file__)])
def test_a_home_that_is_no_directory_is_one_without_settings_and_runs(home: Path) -> None:
    command = CommandLine(home)
    assert command("config", "show").status == 0
    assert "there is no last run in" in command("assess").stderr


@pytest.mark.parametrize(
    ("text", "tokens"), [("32768", 32_768), ("32k", 32_768), ("64K", 65_536), ("1m", 1_048_576), ("1", 1)]
)
def test_a_context_is_read_in_tokens_or_in_k_of_1024(tmp_path: Path, text: str, tokens: int) -> None:
    assert load(tmp_path, context=text).settings.context == tokens


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("24GB", 24 * 10**9),
        ("24g", 24 * 10**9),
        ("7.5", 7_500_000_000),
        ("9000000000", 9 * 10**9),
        ("8 GiB", 8 * 2**30),
        ("512M", 512 * 10**6),
    ],
)
def test_a_size_of_memory_is_read_with_its_unit(tmp_path: Path, text: str, size_bytes: int) -> None:
    assert load(tmp_path, max_memory=text).settings.max_memory_bytes == size_bytes


def test_the_context_goes_by_the_name_that_ollama_gives_it_too(tmp_path: Path) -> None:
    assert load(tmp_path, toml="num_ctx = 8192\n").settings.context == 8192
    assert load(tmp_path, variables={"OLLAMA_SPEEDRUN_NUM_CTX": "8k"}).settings.context == 8192


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, (4096, (), False, None)),
        ({"context": "2k"}, (2048, (), False, None)),
        ({"context": "32k"}, (32_768, (), True, 60.0)),
        ({"context": "32k", "profile": "quick"}, (32_768, (), False, None)),
        ({"context": "32k", "profile": "thorough"}, (32_768, (), True, None)),
        ({"context": "32k", "depths": ["on"]}, (32_768, (), True, None)),
        ({"context": "32k", "depths": ["off"]}, (32_768, (), False, None)),
        ({"context": "32k", "depths": ["0,8k"]}, (32_768, (0, 8192), False, None)),
        ({"profile": "thorough"}, (4096, (0, 2048, 8192, 32_768), False, None)),
        ({"for": "agent"}, (65_536, (), True, 60.0)),
        ({"for": "agent", "context": "16k"}, (16_384, (), True, 60.0)),
        ({"for": "chat"}, (4096, (), False, None)),
    ],
)
def test_a_longer_context_brings_its_own_depths_with_it(
    tmp_path: Path, flags: dict[str, Any], expected: tuple[object, ...]
) -> None:
    plan = planning.benchmark_settings(load(tmp_path, **flags).settings)
    assert (plan.num_ctx, plan.depths, plan.depths_of_context, plan.depth_read_s) == expected
