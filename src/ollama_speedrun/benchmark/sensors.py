"""The energy sensors of this machine: RAPL counters of the processor, NVML counters of NVIDIA GPUs."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

POWERCAP: Final = Path("/sys/class/powercap")
NVIDIA_DEVICE: Final = Path("/dev/nvidiactl")
MICRO: Final = 1e-6
MILLI: Final = 1e-3


class Sensor(Protocol):
    """A counter of energy that never goes back."""

    name: str

    def joules(self) -> float:
        """Return the joules that were counted since the sensor was made; raises `OSError` where it fails."""


class RaplDomain:
    """A domain of RAPL (running average power limit) below /sys/class/powercap: a package, or its memory.

    The counter is of microjoules and begins again at `max_energy_range_uj`, after an hour or so at full load: it has to
    be read more often than that.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self._counter = folder / "energy_uj"
        self._range_uj = int((folder / "max_energy_range_uj").read_text(encoding="ascii"))
        self._last_uj = self._read_uj()
        self._counted_uj = 0

    def joules(self) -> float:
        """Return the joules since the domain was opened."""
        now_uj = self._read_uj()
        since_uj = now_uj - self._last_uj
        self._counted_uj += since_uj if since_uj >= 0 else since_uj + self._range_uj
        self._last_uj = now_uj
        return self._counted_uj * MICRO

    def _read_uj(self) -> int:
        return int(self._counter.read_text(encoding="ascii"))


class NvidiaGpu:
    """An NVIDIA GPU whose driver counts its energy (Volta and newer); `nvml` is the module pynvml."""

    def __init__(self, nvml: Any, index: int) -> None:  # noqa: ANN401  # pynvml has no types
        self._nvml = nvml
        self._handle = nvml.nvmlDeviceGetHandleByIndex(index)
        found = nvml.nvmlDeviceGetName(self._handle)
        self.name = f"GPU {index} {found.decode() if isinstance(found, bytes) else found} (NVML)"
        self._first_mj = int(nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle))

    def joules(self) -> float:
        """Return the joules since the GPU was opened."""
        try:
            now_mj = int(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle))
        except self._nvml.NVMLError as exc:
            raise OSError(f"{self.name}: {exc}") from exc
        return (now_mj - self._first_mj) * MILLI


class SensorMeter:
    """All sensors together."""

    def __init__(self, sensors: Sequence[Sensor]) -> None:
        self._sensors = tuple(sensors)

    @property
    def names(self) -> Sequence[str]:
        """What is measured."""
        return tuple(sensor.name for sensor in self._sensors)

    def read(self) -> tuple[int, float]:
        """Return the moment in ns of the monotonic clock, and the joules of all sensors."""
        joules = sum(sensor.joules() for sensor in self._sensors)
        return time.perf_counter_ns(), joules


class Sensors(NamedTuple):
    """The meter of this machine, None where it has no sensor that can be read, and what was found but cannot be."""

    meter: SensorMeter | None
    remarks: tuple[str, ...]


def find_sensors(powercap: Path = POWERCAP, nvml: Any = None) -> Sensors:  # noqa: ANN401  # pynvml has no types
    """Return the sensors that can be read; `nvml` stands in for the module pynvml."""
    sensors: list[Sensor] = []
    remarks: list[str] = []
    for folder, name in _rapl_domains(powercap):
        try:
            sensors.append(RaplDomain(folder, name))
        except PermissionError:
            remarks.append(
                f"{name} may be read by root only (sudo chmod a+r {folder / 'energy_uj'} allows it until the next boot)"
            )
        except (OSError, ValueError) as exc:
            remarks.append(f"{name} cannot be read: {exc}")
    sensors.extend(_gpus(nvml, remarks))
    return Sensors(SensorMeter(sensors) if sensors else None, tuple(remarks))


def _rapl_domains(powercap: Path) -> Iterator[tuple[Path, str]]:
    """Yield packages and their memory: the cores and the graphics of a processor are a part of its package."""
    for folder in sorted(powercap.glob("intel-rapl:*")):  # AMD's processors stand under this name, too
        try:
            name = (folder / "name").read_text(encoding="utf-8").strip()
        except OSError:
            continue
        if name.startswith("package"):
            yield folder, f"CPU {name} (RAPL)"
        elif name == "dram":
            yield folder, f"memory {folder.name.removeprefix('intel-rapl:')} (RAPL)"


def _pynvml() -> Any:  # noqa: ANN401  # pynvml has no types
    """Return the module of the extra "power", None where it is not installed."""
    try:
        import pynvml  # noqa: PLC0415  # of an extra
    except ImportError:
        return None
    return pynvml


def _gpus(nvml: Any, remarks: list[str]) -> Iterator[Sensor]:  # noqa: ANN401  # pynvml has no types
    nvml = _pynvml() if nvml is None else nvml
    if nvml is None:
        if NVIDIA_DEVICE.exists():
            remarks.append("the GPU needs the extra: pip install 'ollama-speedrun[power]'")
        return
    try:
        nvml.nvmlInit()
        count = int(nvml.nvmlDeviceGetCount())
    except nvml.NVMLError as exc:
        if NVIDIA_DEVICE.exists():
            remarks.append(f"the NVIDIA driver cannot be asked: {exc}")
        return
    for index in range(count):
        try:
            yield NvidiaGpu(nvml, index)
        except nvml.NVMLError as exc:
            remarks.append(f"GPU {index} counts no energy: {exc}")
