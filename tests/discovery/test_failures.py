import errno
import os
import socket

import pytest

from ollama_speedrun.discovery.failures import explain
from ollama_speedrun.discovery.types import ServerTarget

UNKNOWN = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
NO_RESOLVER = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


@pytest.mark.parametrize(
    ("error", "host", "beginning", "advice"),
    [
        (UNKNOWN, "fe80::1%eth9", "this machine has no interface 'eth9'", "behind the %"),
        (OSError(errno.EINVAL, "x"), "fe80::1", "such an address is one of a link", "as in fe80::1%eth0."),
        (OSError(errno.EINVAL, "x"), "::2", "connecting failed", "is the address right?"),
        (UNKNOWN, "box", "no machine is called 'box'", "check the spelling"),
        (NO_RESOLVER, "box", "the name 'box' could not be looked up (Temporary", "give the IP address"),
        (ConnectionRefusedError(), "127.0.0.1", "nothing listens on port 11434", "ollama serve"),
        (ConnectionRefusedError(), "::1", "nothing listens on port 11434", "ollama serve"),
        (ConnectionRefusedError(), "localhost", "nothing listens on port 11434", "ollama serve"),
        (ConnectionRefusedError(), "0.0.0.0", "nothing listens on port 11434", "ollama serve"),
        (ConnectionRefusedError(), "box", "the machine is up, but nothing accepts", "OLLAMA_HOST=0.0.0.0"),
        (TimeoutError(), "box", "no answer within 3.3 s", "firewall let port 11434 through?"),
        (
            OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH)),
            "box",
            "the machine cannot be reached",
            "is it on",
        ),
        (
            OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH)),
            "box",
            "the machine cannot be reached",
            "is it on",
        ),
        (
            OSError(errno.EMFILE, "x"),
            "box",
            "it could not be asked: too many files are open",
            "`ulimit -n 1024` before",
        ),
        (OSError(errno.EACCES, "Permission denied"), "box", "connecting failed (Permission denied)", "right?"),
    ],
)
def test_each_failure_says_what_happened_and_what_to_try(
    error: OSError, host: str, beginning: str, advice: str
) -> None:
    sentence = explain(error, ServerTarget(host=host), waited_s=3.3)
    assert sentence.startswith(beginning)
    assert advice in sentence
