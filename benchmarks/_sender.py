"""A bare server of streams for `overhead.py`, in a process of its own: it does nothing but send, and says when.

It prints its port and ends when its standard input does. Each request is answered by as many chunks as its
`num_predict` asks for; the `response` of each is the monotonic clock in ns right before it was handed to the socket,
which on Linux all processes share. The model's name is the pace: chunks per second, each stream with a phase of its own
and from a second after its request on, when all streams are open; or "flood" for as fast as they are taken.
"""

import heapq
import json
import random
import selectors
import socket
import sys
import threading
import time
from typing import Final

HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
LINE: Final = b'{"model":"pace","created_at":"2026-11-22T09:15:03.412907311Z","response":"%020d","done":false}\n'
DONE: Final = (
    b'{"model":"pace","created_at":"2026-11-22T09:15:03.412907311Z","response":"","done":true,"done_reason":"length",'
    b'"total_duration":2000000000,"load_duration":1000000,"prompt_eval_count":300,"prompt_eval_duration":150000000,'
    b'"eval_count":%d,"eval_duration":1800000000}\n'
)
CHUNK: Final = b"%x\r\n%b\r\n" % (len(LINE % 0), LINE)
FLOOD_BATCH: Final = 32
LONGEST_WAIT_S: Final = 0.05
OPENING_NS: Final = 1_000_000_000


def main() -> None:
    """Serve until standard input ends."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=_Sender(listener).serve, daemon=True).start()
    sys.stdin.read()


class _Sender:
    """`due` holds (when to send, the stream, chunks left, ns between two) of each paced stream."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)
        self._received: dict[socket.socket, bytes] = {}
        self._due: list[tuple[int, int, socket.socket, int, int]] = []
        self._random = random.Random(7)

    def serve(self) -> None:
        while True:
            now_ns = time.perf_counter_ns()
            wait_s = min((self._due[0][0] - now_ns) / 1e9, LONGEST_WAIT_S) if self._due else LONGEST_WAIT_S
            for key, _ in self._selector.select(max(wait_s, 0)):
                if key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket):
                    self._read(key.fileobj)
            self._send_due()

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(connection, selectors.EVENT_READ)
        self._received[connection] = b""

    def _read(self, connection: socket.socket) -> None:
        data = connection.recv(65536)
        if not data:
            self._selector.unregister(connection)
            del self._received[connection]
            connection.close()
            return
        self._received[connection] += data
        _, _, body = self._received[connection].partition(b"\r\n\r\n")
        try:
            request = json.loads(body)
        except ValueError:  # the rest is still on its way
            return
        self._received[connection] = b""
        connection.sendall(HEAD)
        chunks = request["options"]["num_predict"]
        if request["model"] == "flood":
            threading.Thread(target=_flood, args=(connection, chunks), daemon=True).start()
            return
        period_ns = round(1e9 / float(request["model"]))
        first_ns = time.perf_counter_ns() + OPENING_NS + self._random.randrange(period_ns)
        heapq.heappush(self._due, (first_ns, connection.fileno(), connection, chunks, period_ns))

    def _send_due(self) -> None:
        while self._due and self._due[0][0] <= time.perf_counter_ns():
            due_ns, number, connection, left, period_ns = heapq.heappop(self._due)
            connection.send(CHUNK % time.perf_counter_ns())
            if left > 1:
                heapq.heappush(self._due, (due_ns + period_ns, number, connection, left - 1, period_ns))
            else:
                _end(connection, 100)


def _flood(connection: socket.socket, chunks: int) -> None:
    for sent in range(0, chunks, FLOOD_BATCH):
        connection.sendall((CHUNK % time.perf_counter_ns()) * min(FLOOD_BATCH, chunks - sent))
    _end(connection, chunks)


def _end(connection: socket.socket, chunks: int) -> None:
    done = DONE % chunks
    connection.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(done), done))


if __name__ == "__main__":
    main()
