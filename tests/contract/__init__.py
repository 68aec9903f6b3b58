"""What a real Ollama answered, as a contract that our servers keep.

`scenarios.SCENARIOS` brings a server into the state that each recording presupposes and replays the recorded requests;
`compare.compare` says how an answer differs in status, headers, framing, keys, types, error texts, chunking and in the
relations among its figures. To hold another server to it:

    @asynccontextmanager
    async def start(setup: Setup) -> AsyncIterator[ServerUnderTest]: ...   # a fresh server, nothing loaded

    @pytest.mark.parametrize("scenario", [s for s in SCENARIOS if supported(s.setup)], ids=lambda s: s.name)
    async def test_...(scenario):
        assert unexplained(await replay(scenario, start), DIFFERS) == []

The server offers models under the recorded names (`smol:q4_1`, `minilm:f16`, `smol-think:latest`, ...) and honours
`Setup`, whose `trouble` a server that cannot be made to fail may leave out by filtering the scenarios. `DIFFERS` maps a
recording to the reason why it differs; `unexplained` also reports a listed recording that no longer does.
"""
