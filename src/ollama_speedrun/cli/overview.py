"""The texts of `--help` and `--version`, made without argparse so that they answer at once."""

from collections.abc import Sequence

from .._version import __version__
from .options import PROGRAM, VERBS

_OVERVIEW = """\
usage: {program} [VERB] [TARGET ...] [OPTIONS]

Find every Ollama server within reach, benchmark its models on real
generations, and say which one to use.

verbs:
{verbs}

options:
  -h, --help              print this, or after a verb what it takes
  --version               print the version

examples:
  {program}                    this machine, OLLAMA_HOST, local subnets
  {program} 192.168.1.20 gpu1  these servers and nothing else
  {program} --model 'llama3*' --output result.md
  {program} models --json
  {program} demo               on small real servers that come with it"""


def asked_for(argv: Sequence[str]) -> str | None:
    """Return the text that the command line asks for before anything else, None where it asks for a verb."""
    match argv[:1]:
        case ["-h" | "--help"]:
            return overview()
        case ["--version"]:
            return version()
        case _:
            return None


def version() -> str:
    """Return the program's name and version."""
    return f"{PROGRAM} {__version__}"


def overview() -> str:
    """Return the help of the whole program."""
    verbs = "\n".join(f"  {verb.usage:24}{verb.help}" for verb in VERBS)
    return _OVERVIEW.format(program=PROGRAM, verbs=verbs)
