import msgspec

from ollama_speedrun.ollama import wire
from ollama_speedrun.visit.ask import Ask, ChatAsk, options

PINNED = {
    "temperature": 0,
    "top_k": 1,
    "repeat_penalty": 1,
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "seed": 42,
    "num_predict": 512,
    "num_ctx": 4096,
}


def test_the_options_always_bound_the_answer_and_pin_what_releases_differ_in() -> None:
    assert options(num_predict=512, num_ctx=4096) == PINNED


def test_a_raw_prompt_is_sent_without_the_template_and_ends_before_the_stop_text() -> None:
    ask = Ask(prompt="Q: 1+1\nA:", num_predict=512, num_ctx=4096, is_raw=True, stop=("\n",))
    assert msgspec.json.decode(msgspec.json.encode(ask.request("m:1b"))) == {
        "model": "m:1b",
        "prompt": "Q: 1+1\nA:",
        "raw": True,
        "truncate": False,
        "options": {**PINNED, "stop": ["\n"]},
    }


def test_a_conversation_carries_roles_tools_images_and_calls_and_nothing_is_cut() -> None:
    call = wire.ToolCall(function=wire.FunctionCall(name="add", arguments={"a": 1}))
    tool = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
    ask = ChatAsk(
        messages=(
            wire.Message(role="user", content="1+1?", images=("aGk=",)),
            wire.Message(role="assistant", content="", tool_calls=(call,)),
            wire.Message(role="tool", content="2", tool_name="add"),
        ),
        num_predict=512,
        num_ctx=4096,
        tools=(tool,),
        thinks=False,
        seed=7,
    )
    assert msgspec.json.decode(msgspec.json.encode(ask.request("m:1b"))) == {
        "model": "m:1b",
        "messages": [
            {"role": "user", "content": "1+1?", "images": ["aGk="]},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"function": {"name": "add", "arguments": {"a": 1}}}],
            },
            {"role": "tool", "content": "2", "tool_name": "add"},
        ],
        "tools": [tool],
        "truncate": False,
        "shift": False,
        "think": False,
        "options": {**PINNED, "seed": 7},
    }
