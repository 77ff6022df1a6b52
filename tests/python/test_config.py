from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from llmodule import ChatConfig, GenerationConfig, MessageCount, SlidingWindow, WholeHistory, _native
from llmodule._engine import native_config


def test_fields_agree_with_the_core() -> None:
    core = {name for name in vars(_native.GenerationConfig) if not name.startswith("_")} - {"validate"}
    assert {field.name for field in dataclasses.fields(GenerationConfig)} == core


def test_none_gives_way() -> None:
    config = GenerationConfig(temperature=0.0, seed=3).over(GenerationConfig(temperature=0.7, top_p=0.9))
    assert config == GenerationConfig(temperature=0.0, seed=3, top_p=0.9)


def test_what_is_not_given_is_the_cores_default() -> None:
    defaults, native = _native.GenerationConfig(), native_config(GenerationConfig(top_k=5, stop=["x"]), eos_ids=[4, 2])
    assert (native.top_k, native.stop, native.eos_ids) == (5, ["x"], [2, 4])
    assert (native.temperature, native.penalty_window) == (defaults.temperature, defaults.penalty_window)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"temperature": -1.0}, ValueError),
        ({"temperature": float("nan")}, ValueError),
        ({"top_p": 1.5}, ValueError),
        ({"max_new_tokens": -1}, ValueError),
        ({"seed": -1}, ValueError),
        ({"stop": [""]}, ValueError),
        ({"top_k": "many"}, TypeError),
        ({"stop": [1]}, TypeError),
        ({"logit_bias": [3]}, TypeError),
    ],
)
def test_wrong_values_are_refused_by_name(fields: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=next(iter(fields))):
        native_config(GenerationConfig(**fields))


def test_one_stop_string_is_no_list_of_letters() -> None:
    with pytest.raises(TypeError, match="sequence of strings"):
        GenerationConfig(stop="END")


def test_strategies_of_a_chat() -> None:
    assert ChatConfig().strategy == SlidingWindow(buffer_tokens=512)
    assert ChatConfig(context_window_length=7).strategy == MessageCount(7)
    assert ChatConfig(context_strategy=WholeHistory()).strategy == WholeHistory()


def test_contradictions_are_refused() -> None:
    with pytest.raises(ValueError, match="exclude each other"):
        ChatConfig(context_window_length=5, context_strategy=WholeHistory())
    with pytest.raises(ValueError, match="context_window_length is 0"):
        ChatConfig(context_window_length=0)
    with pytest.raises(ValueError, match="lacks 'content'"):
        ChatConfig(initial_message_history=[{"role": "user"}])  # type: ignore[typeddict-item]


def test_the_initial_history_is_a_copy() -> None:
    message = {"role": "user", "content": "hi"}
    config = ChatConfig(initial_message_history=[message])  # type: ignore[list-item]
    message["content"] = "changed"
    assert config.initial_message_history[0]["content"] == "hi"
