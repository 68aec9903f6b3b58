"""Whether the demo's engine can run on this machine at all, and if not, what to do about it."""

import importlib.util
import platform
import subprocess
import sys
from pathlib import Path

from ..errors import DemoError

_INSTALL = "pip install 'ollama-speedrun[demo]' (in a checkout: pip install '.[demo]')"
_CPUINFO = Path("/proc/cpuinfo")


def check_extra() -> None:
    """Raise `DemoError` when the packages of the extra are missing; imports none of them."""
    if getattr(sys, "frozen", False):
        raise DemoError(
            f"the standalone executable has no inference engine for the demo inside; with Python 3.11 or later run "
            f"{_INSTALL} and then `ollama-speedrun demo`"
        )
    missing = [name for name in ("xllamacpp", "gguf") if importlib.util.find_spec(name) is None]
    if missing:
        raise DemoError(f"the demo needs {' and '.join(missing)}, not installed here; run {_INSTALL}")


def check_engine() -> None:
    """Raise `DemoError` when llama.cpp cannot be loaded here; tried in a process of its own, for it can be fatal."""
    if _lacks_avx2():
        raise DemoError(
            "the demo's inference engine needs a processor with AVX2, which this one lacks; use a real host"
        )
    tried = subprocess.run(
        [sys.executable, "-P", "-c", "import xllamacpp"], capture_output=True, text=True, check=False
    )
    if tried.returncode != 0:
        raise DemoError(engine_problem(tried.stderr, tried.returncode))


def engine_problem(said: str, returncode: int) -> str:
    """Return what to tell the user after the engine's import failed with these last words."""
    if "libgomp" in said:
        return "the demo's inference engine needs the system library libgomp; run `apt-get install libgomp1` or alike"
    last = (said.strip().splitlines() or [f"exit status {returncode}"])[-1]
    return f"the demo's inference engine cannot be loaded ({last}); try {_INSTALL} in a fresh environment"


def _lacks_avx2() -> bool:
    """Return whether this is known to be an x86 processor without AVX2; where nothing is known, it is not."""
    if platform.machine() not in {"x86_64", "AMD64"} or not _CPUINFO.exists():
        return False
    return "avx2" not in _CPUINFO.read_text(encoding="utf-8").split()
