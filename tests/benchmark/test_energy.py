"""Joules a token: at stated watts, and by the sensors of this machine."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.test_second_turn import MODEL, SETTINGS
from fake_ollama.fleet import FakeHost, fake_host
from fake_ollama.meter import ScriptedMeter
from fake_ollama.script import HostScript
from ollama_speedrun.benchmark import energy
from ollama_speedrun.benchmark.energy import Meter, Power
from ollama_speedrun.benchmark.events import BenchmarkEnded, BenchmarkEvent
from ollama_speedrun.benchmark.plan import Extra
from ollama_speedrun.benchmark.runner import benchmark_host
from ollama_speedrun.benchmark.sensors import RaplDomain, find_sensors
from ollama_speedrun.benchmark.types import EnergyFigures, Result
from ollama_speedrun.discovery.types import Watts
from ollama_speedrun.events import Notice
from ollama_speedrun.inventory.fetch import list_models
from ollama_speedrun.ollama.client import OllamaClient, open_session
from records import MS, model, record

PLAIN = msgspec.structs.replace(SETTINGS, second_turn=Extra.OFF)


async def measured(power_of: Callable[[FakeHost], Power]) -> tuple[Result, FakeHost, Sequence[str]]:
    events: list[BenchmarkEvent] = []
    async with fake_host(HostScript(models=(MODEL,))) as host, open_session() as session:
        client = OllamaClient(session, host.url)
        models = await list_models(client, host=host.url, emit=lambda _: None)
        nonces = iter(f"{number:08x}" for number in range(0x1234567, 0xFFFFFFFF, 0x1111111))
        await benchmark_host(
            client, models, PLAIN, emit=events.append, nonce=lambda: next(nonces), power=power_of(host)
        )
    (result,) = [event.result for event in events if isinstance(event, BenchmarkEnded)]
    return result, host, [event.text for event in events if isinstance(event, Notice)]


def found_in(result: Result) -> EnergyFigures:
    assert result.energy is not None
    return result.energy


@pytest.mark.virtual_time
async def test_stated_watts_give_the_joules_of_the_trials_with_idle_power_and_without() -> None:
    power = Power(watts=Watts(busy_watts=350.0, idle_watts=60.0), price_per_kwh=0.3)
    result, host, _ = await measured(lambda _: power)
    found = found_in(result)
    last = host.engine.generations[-len(result.trials) :]
    true_s = sum((one.last_token_ns or 0) - one.slot_ns for one in last) / 1e9
    tokens = sum(one.output_tokens for one in last)
    assert (found.source, found.output_tokens) == ("stated", tokens)
    assert found.joules_per_token == pytest.approx(350 * true_s / tokens, rel=0.02)
    assert found.joules_per_token_above_idle == pytest.approx(290 * true_s / tokens, rel=0.02)
    assert found.tokens_per_wh == pytest.approx(3600 / found.joules_per_token)
    assert found.cost_per_million_tokens == pytest.approx(1e6 * found.joules_per_token / 3.6e6 * 0.3)


@pytest.mark.virtual_time
async def test_the_sensors_of_this_machine_give_busy_and_idle_power_and_the_joules_between_two_readings() -> None:
    result, host, notices = await measured(lambda host: Power(meter=ScriptedMeter(host, idle_watts=20, busy_watts=120)))
    found = found_in(result)
    assert (found.source, found.sensors, notices) == ("sensors", ("scripted",), [])
    assert found.idle_watts == pytest.approx(20)
    assert found.busy_watts == pytest.approx(120, rel=0.02)
    metered = host.engine.generations[-energy.MOST_METERED_TRIALS :]
    true_s = sum((one.last_token_ns or 0) - one.slot_ns for one in metered) / 1e9
    assert found.output_tokens == sum(one.output_tokens for one in metered)
    assert found.joules_per_token == pytest.approx(120 * true_s / found.output_tokens, rel=0.02)
    assert found.joules_per_token_above_idle == pytest.approx(100 * true_s / found.output_tokens, rel=0.02)


@pytest.mark.virtual_time
async def test_sensors_that_see_no_load_give_no_energy_and_a_notice_that_names_the_way_out() -> None:
    result, _, notices = await measured(lambda _: Power(meter=ScriptedMeter(None, idle_watts=20, busy_watts=120)))
    assert result.energy is None
    assert result.decode_tps is not None
    (notice,) = notices
    assert "saw 20 W while it wrote and 20 W before" in notice
    assert notice.endswith("--watts HOST=IDLE:BUSY")


class Breaking:
    names = ("broken",)

    def read(self) -> tuple[int, float]:
        raise OSError("the driver is gone")


@pytest.mark.virtual_time
async def test_a_sensor_that_breaks_costs_the_energy_and_nothing_else() -> None:
    meter: Meter = Breaking()
    result, _, notices = await measured(lambda _: Power(meter=meter))
    assert (result.status, result.energy) == ("ok", None)
    assert notices[0].endswith("has no energy: a sensor cannot be read any more: the driver is gone")


RESULT = Result(
    host=model().host,
    model="m:1b",
    status="ok",
    interview=record(eval_count=400, ended_ns=5000 * MS),
    trials=(record(eval_count=100, ended_ns=1000 * MS), record(eval_count=None, ended_ns=9000 * MS)),
)


def test_a_trial_whose_tokens_nobody_counted_is_left_out_with_its_time() -> None:
    found = found_in(energy.stated(RESULT, Watts(busy_watts=200.0)))
    assert (found.seconds, found.output_tokens, found.joules_per_token) == (1.0, 100, 2.0)
    assert (found.idle_watts, found.joules_per_token_above_idle, found.cost_per_million_tokens) == (None, None, None)


def test_without_trials_the_interview_is_what_is_left() -> None:
    found = found_in(energy.stated(msgspec.structs.replace(RESULT, trials=()), Watts(busy_watts=200.0)))
    assert (found.seconds, found.output_tokens) == (5.0, 400)


def test_another_price_changes_the_cost_alone() -> None:
    priced = energy.stated(RESULT, Watts(busy_watts=200.0), 0.2)
    again = energy.priced(priced, 0.4)
    assert found_in(priced).cost_per_million_tokens == pytest.approx(2e6 / 3.6e6 * 0.2)
    wanted = msgspec.structs.replace(
        found_in(priced),
        price_per_kwh=0.4,
        cost_per_million_tokens=2 * (found_in(priced).cost_per_million_tokens or 0.0),
    )
    assert again.energy == wanted
    assert energy.priced(RESULT, 0.4) is RESULT


@given(st.floats(1, 1e4), st.floats(0, 1), st.floats(0.01, 1e4), st.integers(1, 10**6))
def test_energy_above_idle_is_never_more_than_all_of_it(busy: float, idle: float, seconds: float, tokens: int) -> None:
    found = energy.figures(busy_watts=busy, idle_watts=idle * busy, seconds=seconds, output_tokens=tokens)
    assert found is not None
    assert 0 <= (found.joules_per_token_above_idle or 0.0) <= found.joules_per_token
    assert math.isclose(found.joules_per_token * found.tokens_per_wh, 3600.0)


def domain(root: Path, folder: str, name: str, *, at_uj: int = 0) -> Path:
    place = root / folder
    place.mkdir()
    (place / "name").write_text(f"{name}\n", encoding="ascii")
    (place / "max_energy_range_uj").write_text("1000000\n", encoding="ascii")
    (place / "energy_uj").write_text(f"{at_uj}\n", encoding="ascii")
    return place


def test_a_rapl_counter_that_begins_again_goes_on_counting(tmp_path: Path) -> None:
    place = domain(tmp_path, "intel-rapl:0", "package-0", at_uj=900_000)
    package = RaplDomain(place, "CPU")
    assert package.joules() == 0.0
    for at_uj, joules in ((950_000, 0.05), (100_000, 0.2), (150_000, 0.25)):
        (place / "energy_uj").write_text(str(at_uj), encoding="ascii")
        assert package.joules() == pytest.approx(joules)


class Nvml:
    """What pynvml is, as far as it is used: GPU 0 counts energy, GPU 1 is too old for that."""

    class NVMLError(Exception):
        pass

    def __init__(self, count: int = 2) -> None:
        self._count = count
        self.energy_mj = 5_000_000

    def nvmlInit(self) -> None:  # noqa: N802  # NVML's name
        if not self._count:
            raise self.NVMLError("Driver Not Loaded")

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return self._count

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        return index

    def nvmlDeviceGetName(self, handle: int) -> bytes | str:  # noqa: N802
        return b"Old" if handle else "RTX"

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: int) -> int:  # noqa: N802
        if handle:
            raise self.NVMLError("Not Supported")
        return self.energy_mj


def test_packages_memory_and_gpus_are_summed_and_parts_of_a_package_are_not_counted_twice(tmp_path: Path) -> None:
    package = domain(tmp_path, "intel-rapl:0", "package-0")
    domain(tmp_path, "intel-rapl:0:0", "core")
    domain(tmp_path, "intel-rapl:0:1", "dram")
    domain(tmp_path, "intel-rapl:1", "psys")
    nvml = Nvml()
    found = find_sensors(tmp_path, nvml)
    assert found.meter is not None
    assert found.meter.names == ("CPU package-0 (RAPL)", "memory 0:1 (RAPL)", "GPU 0 RTX (NVML)")
    assert found.remarks == ("GPU 1 counts no energy: Not Supported",)
    _, before = found.meter.read()
    (package / "energy_uj").write_text("250000", encoding="ascii")
    nvml.energy_mj += 1_500
    _, after = found.meter.read()
    assert after - before == pytest.approx(0.25 + 1.5)


def test_a_machine_without_sensors_has_no_meter(tmp_path: Path) -> None:
    assert find_sensors(tmp_path / "nothing", Nvml(count=0)) == (None, ())


def test_a_counter_that_makes_no_sense_is_named(tmp_path: Path) -> None:
    place = domain(tmp_path, "intel-rapl:0", "package-0")
    (place / "energy_uj").write_text("lots", encoding="ascii")
    found = find_sensors(tmp_path, Nvml(count=0))
    assert found.meter is None
    assert found.remarks[0].startswith("CPU package-0 (RAPL) cannot be read: invalid literal")


def test_a_counter_that_only_root_may_read_is_named_with_the_way_to_allow_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = domain(tmp_path, "intel-rapl:0", "package-0")
    read_text = Path.read_text

    def refusing(path: Path, *arguments: str, **options: str) -> str:
        if path.name == "energy_uj":
            raise PermissionError(13, "Permission denied")
        return read_text(path, *arguments, **options)

    monkeypatch.setattr(Path, "read_text", refusing)  # root, which tests may run as, reads everything
    found = find_sensors(tmp_path, Nvml(count=0))
    way_out = f"sudo chmod a+r {place / 'energy_uj'} allows it until the next boot"
    assert found == (None, (f"CPU package-0 (RAPL) may be read by root only ({way_out})",))
