import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ollama_speedrun.quality import sandbox
from ollama_speedrun.quality.outcomes import Broken, Lacking, Raised, Returned, Stopped

pytestmark = pytest.mark.skipif(not sandbox.available(), reason="the extra `code` (pydantic-monty) is not installed")

SECRET = "a-secret-of-the-host"


@pytest.fixture(scope="module")
def box() -> Iterator[sandbox.Sandbox]:
    with sandbox.Sandbox() as opened:
        yield opened


def program(body: str) -> str:
    return "def f(path):\n" + "\n".join(f"    {line}" for line in body.splitlines())


ESCAPES = {
    "open": "return open(path).read()",
    "open for writing": "open(path + '.made', 'w').write('x')\nreturn 1",
    "pathlib": "from pathlib import Path\nreturn Path(path).read_text()",
    "pathlib writes": "from pathlib import Path\nPath(path + '.made').write_text('x')\nreturn 1",
    "pathlib lists": "from pathlib import Path\nreturn [str(p) for p in Path('/').iterdir()]",
    "os.system": "import os\nreturn os.system('touch ' + path + '.made')",
    "os.popen": "import os\nreturn os.popen('id').read()",
    "os.listdir": "import os\nreturn os.listdir('/')",
    "os.environ": "import os\nreturn os.environ['OLLAMA_SPEEDRUN_PROBE']",
    "os.getenv": "import os\nreturn os.getenv('OLLAMA_SPEEDRUN_PROBE')",
    "os.remove": "import os\nos.remove(path)\nreturn 1",
    "os.kill": "import os\nos.kill(os.getppid(), 9)\nreturn 1",
    "os.fork": "import os\nwhile True:\n    os.fork()",
    "sys.modules": "import sys\nreturn str(sys.modules)",
    "sys.exit": "import sys\nsys.exit(0)",
    "subprocess": "import subprocess\nreturn subprocess.run(['id'], capture_output=True).stdout.decode()",
    "socket": "import socket\nreturn socket.create_connection(('127.0.0.1', 9)).fileno()",
    "urllib": "from urllib.request import urlopen\nreturn urlopen('file://' + path).read().decode()",
    "http": "import http.client\nreturn http.client.HTTPConnection('127.0.0.1', 9).request('GET', '/')",
    "ctypes": "import ctypes\nreturn ctypes.CDLL(None).getpid()",
    "shutil": "import shutil\nshutil.copy(path, path + '.made')\nreturn 1",
    "tempfile": "import tempfile\nreturn tempfile.mkdtemp()",
    "pickle": "import pickle\nreturn pickle.loads(b\"cos\\nsystem\\n(S'id'\\ntR.\")",
    "importlib": "import importlib\nreturn importlib.import_module('os').getcwd()",
    "__import__": "return __import__('os').listdir('/')",
    "builtins": "import builtins\nreturn builtins.open(path).read()",
    "__builtins__": "return __builtins__['open'](path).read()",
    "subclasses": "return str(().__class__.__base__.__subclasses__())",
    "mro": "return str([].__class__.__mro__[1].__subclasses__())",
    "globals": "return f.__globals__['__builtins__'].open(path).read()",
    "code object": "return str(f.__code__.co_consts)",
    "frame": "import sys\nreturn str(sys._getframe(1).f_globals)",
    "traceback frame": "try:\n    1 / 0\nexcept Exception as e:\n    return str(e.__traceback__.tb_frame.f_back)",
    "getattr chain": "return str(getattr(getattr((), '__cla' + 'ss__'), '__ba' + 'se__'))",
    "format string": "return '{0.__class__.__init__.__globals__}'.format(f)",
    "eval": "return eval(\"__import__('os').listdir('/')\")",
    "exec": "exec(\"import os\\nos.remove(path)\")\nreturn 1",
    "compile": "return str(compile('1', 'x', 'eval'))",
    "input": "return input()",
    "breakpoint": "breakpoint()\nreturn 1",
    "exit": "exit()",
    "quit": "quit()",
    "SystemExit": "raise SystemExit(3)",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "threading": "import threading\nt = threading.Thread(target=lambda: open(path))\nt.start()\nreturn 1",
    "multiprocessing": "import multiprocessing\nreturn multiprocessing.Process(target=print).start()",
    "signal": "import signal\nsignal.alarm(1)\nreturn 1",
    "gc": "import gc\nreturn str(gc.get_objects())",
    "inspect": "import inspect\nreturn str(inspect.stack())",
    "generator frame": "g = (x for x in [1])\nreturn str(g.gi_frame.f_back)",
    "look-alike letters": "return ｏｐｅｎ(path).read()",
    "look-alike import": "import ｏｓ\nreturn ｏｓ.listdir('/')",
    "infinite loop": "while True:\n    pass",
    "loop that catches": "while 1:\n    try:\n        while 1: pass\n    except BaseException: pass",
    "sleep": "import time\ntime.sleep(1000)\nwhile True:\n    pass",
    "recursion": "return f(path)",
    "mutual recursion": "def g(n):\n    return h(n) + 1\ndef h(n):\n    return g(n) + 1\nreturn g(1)",
    "recursion that catches": "try:\n    return f(path)\nexcept RecursionError:\n    return f(path)",
    "list bomb": "a = [0]\nwhile True:\n    a = a + a",
    "string bomb": "return len('x' * 10**12)",
    "bytes bomb": "return len(b'x' * 10**11)",
    "range bomb": "return list(range(10**11))",
    "dict bomb": "d = {}\nn = 0\nwhile True:\n    d[n] = str(n) * 100\n    n += 1",
    "nested list bomb": "a = []\nwhile True:\n    a = [a, a]",
    "format bomb": "return '{:>1000000000}'.format(1)",
    "power bomb": "return 10 ** 10 ** 10",
    "shift bomb": "return 1 << 10**12",
    "factorial bomb": "import math\nreturn math.factorial(10**9)",
    "integer text": "return int('9' * 10**7)",
    "join bomb": "return ','.join(['x' * 10**6] * 10**6)",
    "replace bomb": "return ('a' * 10**6).replace('a', 'b' * 10**6)",
    "regex bomb": "import re\nreturn re.fullmatch('(a+)+(?=b)\\\\1$', 'a' * 5000)",
    "regex size bomb": "import re\nreturn re.compile('((a{1000}){1000}){1000}').pattern + str(1 / 0)",
    "sorted bomb": "return sorted(range(10**10), key=lambda x: -x)",
    "sum bomb": "return sum(x * x for x in range(10**12))",
    "json bomb": "import json\nreturn json.loads('[' * 10**6)",
    "print flood": "while True:\n    print('x' * 10000)",
    "giant return": "return ['x' * 1000] * 50000",
    "giant integer": "return 7 ** 100000",
    "deep return": "a = []\nfor _ in range(100000):\n    a = [a]\nreturn a",
    "cyclic return": "a = {}\na['a'] = a\nreturn [a] * 100000",
    "hostile str": "class E(Exception):\n    def __str__(self):\n        while True:\n            pass\nraise E()",
    "hostile repr": "class A:\n    def __repr__(self):\n        return 'x' * 10**9\nreturn repr(A())",
    "hostile eq": "class A:\n    def __eq__(self, other):\n        return True\nreturn A()",
    "returns a class": "return int",
    "returns an exception": "return ValueError('x')",
    "returns bytes": "return b'x'",
    "long exception": "raise ValueError('x' * 10**7)",
    "terminal escape": "raise ValueError('\\x1b[2J' * 1000)",
    "assert": "assert False, 'x' * 10**6",
    "async": "import asyncio\nasync def g():\n    while 1:\n        await asyncio.sleep(9)\nasyncio.run(g())",
    "metaclass": "class M(type):\n    pass\nclass A(metaclass=M):\n    pass\nreturn A.__class__.__mro__",
}  # fmt: skip


@pytest.mark.parametrize("name", ESCAPES)
def test_an_attempt_to_escape_or_exhaust_is_contained(
    name: str, box: sandbox.Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OLLAMA_SPEEDRUN_PROBE", SECRET)
    target = tmp_path / "secret"
    target.write_text(SECRET)
    memory = psutil.Process().memory_info().rss
    started = time.monotonic()

    outcomes = box.call(program(ESCAPES[name]), "f", [[str(target)]])

    assert time.monotonic() - started < 15.0  # stopped after some 2 s at most; unhindered, most would run for ever
    assert psutil.Process().memory_info().rss - memory < 200 * 2**20
    assert len(outcomes) == 1
    assert isinstance(outcomes[0], Raised | Stopped | Lacking), outcomes
    assert len(repr(outcomes[0])) < 400
    assert SECRET not in repr(outcomes)
    assert "\x1b" not in str(outcomes[0])
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    assert target.read_text() == SECRET
    assert capfd.readouterr() == ("", "")
    assert box.call("def f(x):\n    return x + 1", "f", [[1]]) == (Returned(2),)  # the next program is not harmed


def test_there_are_more_than_forty_attempts() -> None:
    assert len(ESCAPES) >= 40


def test_memory_and_processes_do_not_grow_over_many_bombs(box: sandbox.Sandbox) -> None:
    def bomb() -> None:
        box.call(program("a = 'x' * 1000\nwhile True:\n    a += a"), "f", [[""]])
        box.call(program("return ['y' * 100] * 200000"), "f", [[""]])

    bomb()
    memory = psutil.Process().memory_info().rss
    for _ in range(10):
        bomb()

    assert psutil.Process().memory_info().rss - memory < 50 * 2**20
    assert len(psutil.Process().children(recursive=True)) <= 3


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        ("None", Returned(None)),
        ("True", Returned(True)),
        ("3", Returned(3)),
        ("1.5", Returned(1.5)),
        ("'é'", Returned("é")),
        ("[1, (2, 3)]", Returned([1, [2, 3]])),
        ("{'a': {'b': []}}", Returned({"a": {"b": []}})),
        ("{1: 2}", Raised("returns a value of the type dict, or a large one")),
        ("{1, 2}", Raised("returns a value of the type set, or a large one")),
        ("1j", Raised("returns a value of the type complex, or a large one")),
        ("string.ascii_lowercase[:3]", Returned("abc")),
        ("random.Random(1).random() == random.Random(1).random()", Returned(True)),
        ("math.gcd(12, 18)", Returned(6)),
    ],
)
def test_plain_values_alone_come_back(value: str, outcome: object, box: sandbox.Sandbox) -> None:
    code = f"import math\nimport random\nimport string\ndef f():\n    return {value}"

    assert box.call(code, "f", [[]]) == (outcome,)


def test_calls_end_at_the_first_that_gives_no_value(box: sandbox.Sandbox) -> None:
    outcomes = box.call("def f(x):\n    return 1 / x", "f", [[1], [0], [2]])

    assert outcomes == (Returned(1.0), Raised("ZeroDivisionError: division by zero"))


def test_the_clock_stands_still_and_chance_is_seeded(box: sandbox.Sandbox) -> None:
    code = "import random\nimport time\ndef f():\n    time.sleep(30)\n    return [time.time(), random.random()]"
    started = time.monotonic()

    assert box.call(code, "f", [[]]) == box.call(code, "f", [[]])
    assert time.monotonic() - started < 15.0


def test_names_and_sizes_beyond_bounds_are_refused(box: sandbox.Sandbox) -> None:
    assert box.call("def f(): pass", "f(); g", [[]]) == (Raised("f(); g is no name of a function"),)
    assert box.call("x" * 100_000, "f", [[]]) == (Raised("the code is too long"),)
    assert box.fullmatches("a" * 100_000, ["a"]) == (Raised("the pattern is too long"),)


@pytest.mark.parametrize(
    ("pattern", "text", "outcome"),
    [
        (r"\d+", "12", Returned(True)),
        (r"\d+", "12a", Returned(False)),
        (r"(\w)\1", "aa", Returned(True)),
        (r"(?=a)\w+(?<!b)", "ac", Returned(True)),
        ("(a+)+$", "a" * 40 + "b", Returned(False)),
        ("(a|aa)+b", "a" * 60, Returned(False)),
        ("(", "a", Raised),
        ("((a+)+)\\1b", "a" * 60, Raised),
        ("(?:" * 5000, "a", Raised),
    ],
)
def test_patterns_match_or_fail_in_bounded_time(pattern: str, text: str, outcome: object, box: sandbox.Sandbox) -> None:
    started = time.monotonic()
    (found,) = box.fullmatches(pattern, [text])

    assert found == outcome or type(found) is outcome
    assert time.monotonic() - started < 10.0


def test_the_worker_does_not_see_our_environment_even_as_a_process(box: sandbox.Sandbox) -> None:
    assert os.environ  # the worker inherits it, and gives code no way to read it
    assert isinstance(
        box.call(program("import os\nreturn dict(os.environ)"), "f", [[""]])[0], Raised | Lacking | Stopped
    )


LITTLE_ROOM = """
import os, resource, sys
from ollama_speedrun.errors import SandboxError
from ollama_speedrun.quality import sandbox
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
try:
    with sandbox.Sandbox() as box:
        print(box.call("def f():\\n    return 1", "f", [[]]))
except SandboxError as error:
    print(error)
print(os.listdir(os.environ["TMPDIR"]))
"""


@pytest.mark.skipif(os.name != "posix", reason="only POSIX limits open files")
@pytest.mark.parametrize(("limit", "starts"), [(6, False), (12, False), (20, False), (64, True)])
def test_a_sandbox_without_room_for_its_files_says_so_in_a_sentence(limit: int, starts: bool, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LITTLE_ROOM, str(limit)],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    first, left = ended.stdout.splitlines()
    assert (left, ended.stderr) == ("[]", "")
    if starts:
        assert first == "(Returned(value=1),)"
    else:
        assert first.startswith(f"the sandbox needs {sandbox.SPARE_FILES} open files, and ")
        assert first.endswith(" can be opened; `ulimit -n 1024` before the command allows more")


def test_code_that_the_sandbox_has_no_worker_for_is_not_called_wrong() -> None:
    with sandbox.Sandbox() as opened:
        worker = Path(opened._folder.name) / "monty"
        worker.write_text("#!/bin/sh\nexit 1\n")
        opened.call("def f():\n    return 1", "f", [[]])  # takes the worker that is there already
        (outcome,) = opened.call("def f():\n    return 1", "f", [[]])
    assert isinstance(outcome, Broken)
