import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import guard

ELSEWHERE = "198.51.100.7"  # TEST-NET-2 of RFC 5737: it belongs to nobody


def connect() -> None:
    with socket.socket() as stream:
        stream.settimeout(0.1)
        stream.connect((ELSEWHERE, 9))


def connect_without_raising() -> None:
    with socket.socket() as stream:
        stream.settimeout(0.1)
        stream.connect_ex((ELSEWHERE, 9))


def connect_in_an_event_loop() -> None:
    asyncio.run(asyncio.wait_for(asyncio.open_connection(ELSEWHERE, 9), timeout=0.1))


def connect_to_an_address_written_as_ipv6() -> None:
    with socket.socket(socket.AF_INET6) as stream:
        stream.settimeout(0.1)
        stream.connect((f"::ffff:{ELSEWHERE}", 9))


def send_a_datagram() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        datagrams.sendto(b"x", (ELSEWHERE, 9))


def send_a_message() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        datagrams.sendmsg([b"x"], [], 0, (ELSEWHERE, 9))


def look_up_a_name() -> None:
    socket.getaddrinfo("example.com", 80)


def look_up_an_address() -> None:
    socket.gethostbyaddr(ELSEWHERE)


def look_up_an_address_and_its_port() -> None:
    socket.getnameinfo((ELSEWHERE, 9), 0)


@pytest.mark.parametrize(
    "leave",
    [
        connect,
        connect_without_raising,
        connect_in_an_event_loop,
        connect_to_an_address_written_as_ipv6,
        send_a_datagram,
        send_a_message,
        look_up_a_name,
        look_up_an_address,
        look_up_an_address_and_its_port,
    ],
)
def test_whatever_would_leave_this_machine_is_stopped_and_noted(leave: object) -> None:
    assert callable(leave)
    with pytest.raises(guard.ForbiddenTraffic):
        leave()
    assert len(guard.stopped) == 1
    guard.stopped.clear()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.8.7", "::1", "localhost"])
def test_loopback_is_free(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        port = server.getsockname()[1]
        with socket.create_connection((host, port), timeout=5):
            pass
    assert guard.stopped == []


def test_a_reserved_name_is_unknown_without_asking_anyone() -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("nowhere.invalid", 80)
    assert guard.stopped == []


def test_a_subprocess_of_a_test_is_guarded_too(guarded_env: dict[str, str]) -> None:
    code = f"import socket; socket.create_connection(({ELSEWHERE!r}, 9), timeout=0.1)"
    done = subprocess.run([sys.executable, "-c", code], env=guarded_env, capture_output=True, text=True, check=False)
    log = Path(guarded_env[guard.LOG_VARIABLE])
    assert done.returncode != 0
    assert "ForbiddenTraffic" in done.stderr
    assert log.read_text(encoding="utf-8") == f"socket.connect to {ELSEWHERE} port 9\n"
    log.unlink()


def test_a_stopped_attempt_fails_the_test_that_hid_it(pytester: pytest.Pytester) -> None:
    tests = Path(__file__).parent
    pytester.makeconftest((tests / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(f"""
        import socket

        def test_that_swallows_everything():
            try:
                socket.create_connection(({ELSEWHERE!r}, 9), timeout=0.1)
            except BaseException:
                pass
    """)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:randomly", "-o", f"pythonpath={tests}")
    result.assert_outcomes(passed=1, errors=1)
