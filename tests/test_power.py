"""Which power a host's energy is worked out from."""

import pytest

from ollama_speedrun.benchmark.energy import Power
from ollama_speedrun.benchmark.sensors import SensorMeter, Sensors
from ollama_speedrun.discovery.types import Host, ServerTarget, Watts
from ollama_speedrun.discovery.watts import HostWatts, parse_host_watts
from ollama_speedrun.events import Notice
from ollama_speedrun.pipeline.events import Event
from ollama_speedrun.pipeline.power import PowerSources

HERE = Host(url="http://127.0.0.1:11434", kind="ollama", version=None, via=(), addresses=("127.0.0.1",))
GPU = Host(url="http://gpu.lan:11434", kind="ollama", version=None, via=(), addresses=("192.168.1.20",), name="gpu-box")
STATED = Watts(busy_watts=350.0)
METER = SensorMeter(())
FOUND = Sensors(METER, ())


def sources(
    *stated: HostWatts, servers: tuple[ServerTarget, ...] = (), found: Sensors = FOUND
) -> tuple[PowerSources, list[Event], list[int]]:
    events, looks = list[Event](), list[int]()

    def find() -> Sensors:
        looks.append(1)
        return found

    return PowerSources(stated, servers=servers, price_per_kwh=0.3, tell=events.append, find=find), events, looks


@pytest.mark.parametrize("name", ["gpu-box", "GPU-BOX", "192.168.1.20", "http://gpu.lan:11434", "gpu*", "gpu.lan"])
def test_a_host_is_named_for_its_watts_as_it_is_for_a_run(name: str) -> None:
    power, _, _ = sources(HostWatts(name, STATED))
    assert power.of(GPU, is_this_machine=False) == Power(watts=STATED, price_per_kwh=0.3)
    assert power.of(HERE, is_this_machine=True) is None


def test_a_flag_overrides_the_hosts_file_which_names_by_name_or_url() -> None:
    less = Watts(busy_watts=300.0)
    servers = (ServerTarget(host="gpu.lan", name="gpu-box", watts=less), ServerTarget(host="127.0.0.1", watts=less))
    power, _, _ = sources(HostWatts("gpu-box", STATED), servers=servers)
    assert power.of(GPU, is_this_machine=False) == Power(watts=STATED, price_per_kwh=0.3)
    assert power.of(HERE, is_this_machine=True) == Power(watts=less, price_per_kwh=0.3)


def test_the_sensors_of_this_machine_are_looked_for_once_and_never_taken_for_another_one() -> None:
    power, events, looks = sources(HostWatts("*", None))
    assert power.of(GPU, is_this_machine=False) is None
    assert looks == []
    for _ in range(2):
        assert power.of(HERE, is_this_machine=True) == Power(meter=METER, price_per_kwh=0.3)
    assert looks == [1]
    assert events == [
        Notice(
            "the sensors of this machine say nothing of http://gpu.lan:11434; state its power: --watts HOST=IDLE:BUSY"
        )
    ]


def test_sensors_that_cannot_be_read_are_told_once_with_the_way_out() -> None:
    power, events, _ = sources(HostWatts("127.0.0.1", None), found=Sensors(None, ("RAPL is for root",)))
    assert [power.of(HERE, is_this_machine=True) for _ in range(2)] == [None, None]
    assert [event.text for event in events if isinstance(event, Notice)] == [
        "energy sensors: RAPL is for root",
        "this machine has no energy sensor that can be read; state its power: --watts HOST=IDLE:BUSY",
    ]


def test_a_host_that_was_named_and_not_met_is_told_and_one_of_the_hosts_file_is_not() -> None:
    power, events, _ = sources(
        HostWatts("gpu-box", STATED), HostWatts("rack", STATED), servers=(ServerTarget(host="x", watts=STATED),)
    )
    power.of(GPU, is_this_machine=False)
    power.tell_unused()
    assert events == [Notice("--watts names rack, and no measured host is called so")]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("gpu-box=350", HostWatts("gpu-box", Watts(busy_watts=350.0))),
        ("http://gpu:11434=60.5:350", HostWatts("http://gpu:11434", Watts(busy_watts=350.0, idle_watts=60.5))),
        (" localhost = Sensors ", HostWatts("localhost", None)),
    ],
)
def test_a_host_and_its_watts_are_read_out_of_a_flag(text: str, wanted: HostWatts) -> None:
    assert parse_host_watts(text) == wanted


@pytest.mark.parametrize(
    "text", ["", "350", "=350", "box=", "box=x", "box=0", "box=-1", "box=inf", "box=9:8", "box=1:2:3"]
)
def test_what_is_no_host_or_no_watts_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"host|float|watts"):
        parse_host_watts(text)
