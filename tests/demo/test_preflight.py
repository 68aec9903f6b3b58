import sys

import pytest

from ollama_speedrun.demo.preflight import check_extra, engine_problem
from ollama_speedrun.errors import DemoError


def test_a_missing_extra_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    for name in ("xllamacpp", "gguf"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    sys.path_importer_cache.clear()
    with pytest.raises(DemoError) as caught:
        check_extra()
    assert str(caught.value) == (
        "the demo needs xllamacpp and gguf, not installed here; run pip install 'ollama-speedrun[demo]' "
        "(in a checkout: pip install '.[demo]')"
    )


def test_the_standalone_executable_says_that_it_has_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(DemoError, match="the standalone executable has no inference engine"):
        check_extra()


@pytest.mark.parametrize(
    ("said", "returncode", "problem"),
    [
        (
            "Traceback (most recent call last):\nImportError: libgomp.so.1: cannot open shared object file\n",
            1,
            "the demo's inference engine needs the system library libgomp; run `apt-get install libgomp1` or alike",
        ),
        (
            "",
            -4,
            (
                "the demo's inference engine cannot be loaded (exit status -4); "
                "try pip install 'ollama-speedrun[demo]' (in a checkout: pip install '.[demo]') in a fresh environment"
            ),
        ),
    ],
)
def test_a_failed_import_of_the_engine_is_explained(said: str, returncode: int, problem: str) -> None:
    assert engine_problem(said, returncode) == problem
