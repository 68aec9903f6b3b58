import subprocess
import sys

import ollama_speedrun


def test_every_public_name_can_be_had_and_has_a_home() -> None:
    for name in ollama_speedrun.__all__:
        assert getattr(ollama_speedrun, name) is not None
    assert set(ollama_speedrun.__all__) - {"__version__"} == set(ollama_speedrun.HOMES)


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, ollama_speedrun; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & {"aiohttp", "asyncio", "msgspec", "psutil", "rich", "sqlite3"} == set()
