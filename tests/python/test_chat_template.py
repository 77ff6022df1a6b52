"""Chat templates; where transformers is installed it is the oracle, else the values are written out."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from llmodule import ChatTemplate, ChatTemplateError
from llmodule.messages import Message

HI: list[Message] = [{"role": "user", "content": "hi"}]


def render(source: str, messages: list[Message] = HI, **values: Any) -> str:
    return ChatTemplate({"default": source}, {"bos_token": "<s>", "eos_token": "</s>"}).render(messages, **values)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ bos_token }}{{ messages[0]['content'] }}{{ messages[0].role }}{{ eos_token }}", "<s>hiuser</s>"),
        ("{% if add_generation_prompt %}yes{% endif %}", "yes"),
        ("{%- if tools is none and documents is none %}none{% endif %}", "none"),
        ("{% if unk_token is defined %}unk{% endif %}", ""),
        ("  {% if true %}\nx\n  {% endif %}\ny", "x\ny"),  # trim_blocks, lstrip_blocks
        ("{% for i in range(9) %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}", "012"),
        ("{% generation %}a{{ messages[0].content }}{% endgeneration %}", "ahi"),
        ("{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}", "1"),
        ("""{{ {"b": "<é'&", "a": [1, none]} | tojson }}""", """{"b": "<é'&", "a": [1, null]}"""),
        ("""{{ {"a": 1} | tojson(indent=2) }}""", '{\n  "a": 1\n}'),
        ("{{ messages[0].content.strip().split('i')[0].upper() }}", "H"),
    ],
)
def test_what_templates_expect(source: str, text: str) -> None:
    assert render(source) == text


def test_the_date() -> None:
    assert render("{{ strftime_now('%Y') }}") in {str(datetime.datetime.now().year + i) for i in (-1, 0)}


def test_no_generation_prompt_on_request() -> None:
    assert render("{{ add_generation_prompt }}", add_generation_prompt=False) == "False"


def test_tools_and_documents() -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    assert render("{{ tools[0].function.name }}", tools=tools) == "f"
    assert render("{{ documents[0].text }}", documents=[{"text": "d"}]) == "d"


def test_named_templates() -> None:
    template = ChatTemplate({"default": "plain", "tool_use": "tools"}, {})
    assert template.render(HI) == "plain"
    assert template.render(HI, tools=[{"name": "f"}]) == "tools"
    assert ChatTemplate({"default": "plain"}, {}).render(HI, tools=[{"name": "f"}]) == "plain"
    with pytest.raises(ChatTemplateError, match="only rag"):
        ChatTemplate({"rag": "text"}, {}).render(HI)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ raise_exception('no system prompt, please') }}", "no system prompt, please"),
        ("{{ messages[0].missing.name }}", "has no attribute"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ messages[0].update({}) }}", "unsafe"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "unsafe"),
        ("{% for i in range(10 ** 9) %}{% endfor %}", "too big"),
    ],
)
def test_failures_are_chat_template_errors(source: str, words: str) -> None:
    with pytest.raises(ChatTemplateError, match=words):
        render(source)


@pytest.mark.parametrize("source", ["{% if %}", "{{ (", "{% nosuchtag %}", "{{" + "(" * 5000 + ")" * 5000 + "}}"])
def test_syntax_errors_are_found_at_once(source: str) -> None:
    with pytest.raises(ChatTemplateError, match="cannot be read"):
        ChatTemplate({"default": source}, {})


def test_messages_are_not_changed() -> None:
    messages: list[Message] = [{"role": "user", "content": "hi"}]
    with pytest.raises(ChatTemplateError):
        render("{% set _ = messages.append(1) %}", messages)
    assert messages == HI
