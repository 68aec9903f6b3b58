import subprocess
import sys

import pytest

from network.namespaces import Namespaces, needs_namespaces

pytestmark = [pytest.mark.network, needs_namespaces]


def listed() -> str:
    return subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout


def fail_inside(lan: Namespaces) -> None:
    with lan:
        lan.start(["sleep", "600"])
        assert lan.scanner in listed()
        assert lan.other_end in listed()
        raise ZeroDivisionError


def test_nothing_is_left_of_a_network_whose_test_failed() -> None:
    lan = Namespaces()
    with pytest.raises(ZeroDivisionError):
        fail_inside(lan)
    assert lan.scanner not in listed()
    assert lan.other_end not in listed()


def test_what_a_killed_test_run_left_behind_is_removed_by_the_next() -> None:
    beyond_any_pid = f"osr{2**22 + 1}-0-scan"
    subprocess.run(["ip", "netns", "add", beyond_any_pid], check=True)
    with Namespaces():
        assert beyond_any_pid not in listed()


def test_nothing_outside_can_be_reached_from_inside() -> None:
    code = "import socket; socket.create_connection(('198.51.100.7', 9), timeout=1)"
    with Namespaces() as lan:
        done = lan.run([sys.executable, "-c", code])
    assert "Network is unreachable" in done.stderr
