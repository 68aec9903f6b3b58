from ollama_speedrun.benchmark import workload


def test_the_prompt_opens_with_the_nonce_and_names_the_eight_areas_in_order() -> None:
    prompt = workload.prompt("0f1e2d3c")
    assert prompt.startswith("0f1e2d3c: ")
    places = [prompt.index(area) for area in workload.AREAS]
    assert len(places) == 8
    assert places == sorted(places)


def test_two_nonces_give_prompts_that_differ_from_the_first_characters_on() -> None:
    assert workload.prompt("a")[0] != workload.prompt("b")[0]
    assert workload.prompt("a")[1:] == workload.prompt("b")[1:]
