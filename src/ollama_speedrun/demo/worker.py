"""The process behind one loaded model: llama.cpp and nothing else, as real Ollama runs it too.

    python -m ollama_speedrun.demo.worker

It reads `WorkerSettings` as one JSON line, loads, answers with `WorkerReady`, and ends when its standard input does,
so that a parent which dies in whatever way takes it along. llama.cpp opens a loopback port by itself; the key that
only the parent knows keeps other programs, and web pages, out of it.
"""

import os
import signal
import sys

import msgspec


class WorkerSettings(msgspec.Struct, frozen=True):
    """What to load and how; `context_length` is that of one slot, in tokens."""

    model: str
    api_key: str
    context_length: int
    slots: int
    embedding: bool
    decode_threads: int
    prefill_threads: int


class WorkerReady(msgspec.Struct, frozen=True):
    """The model is loaded and llama.cpp's HTTP server listens at `url`."""

    url: str


# Cancelling takes effect between batches: of 128 tokens, so that it takes a second at most on a slow machine.
_PREFILL_BATCH = 128
_LOG_BUFFER_SIZES = 4


def main() -> None:
    """Load what standard input asks for and serve it until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Threads that spin while they wait starve each other, and the benchmarking client, on a small machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    settings = msgspec.json.decode(sys.stdin.buffer.readline(), type=WorkerSettings)

    import xllamacpp  # noqa: PLC0415 - OpenMP reads its environment when it is loaded

    batch = settings.context_length if settings.embedding else _PREFILL_BATCH
    params = xllamacpp.CommonParams()
    params.model.path = settings.model
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [settings.api_key]
    params.cors_origins = ""
    params.ui = False
    params.endpoint_slots = False
    params.n_ctx = settings.context_length * settings.slots
    params.n_parallel = settings.slots
    params.n_batch = batch
    params.n_ubatch = batch
    params.cpuparams.n_threads = settings.decode_threads
    params.cpuparams_batch.n_threads = settings.prefill_threads
    params.n_gpu_layers = 0
    params.ctx_shift = True
    params.cache_ram_mib = 0
    params.fit_params = False
    params.embedding = settings.embedding
    params.verbosity = _LOG_BUFFER_SIZES
    server = xllamacpp.Server(params)

    sys.stdout.buffer.write(msgspec.json.encode(WorkerReady(server.listening_address)) + b"\n")
    sys.stdout.buffer.flush()
    sys.stdin.buffer.read()
    os._exit(0)  # llama.cpp's own teardown waits for requests that nobody reads any more


if __name__ == "__main__":
    main()
