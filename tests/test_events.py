from ollama_speedrun.events import Phase


def test_the_phases_are_ordered_as_they_run() -> None:
    assert sorted({Phase.ASSESS, Phase.BENCHMARK, Phase.DISCOVER, Phase.ENUMERATE}) == [
        Phase.DISCOVER,
        Phase.ENUMERATE,
        Phase.BENCHMARK,
        Phase.ASSESS,
    ]
    assert Phase.DISCOVER < Phase.ENUMERATE <= Phase.BENCHMARK
