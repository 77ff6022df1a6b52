"""Chat templates: Jinja2 in a sandbox, with what the templates of Hugging Face models expect."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.parser
import jinja2.sandbox

from llmodule.errors import ChatTemplateError
from llmodule.messages import Message, Tool


class ChatTemplate:
    """Turns messages into the text that a model was trained on.

    What a template may use is described at https://huggingface.co/docs/transformers/chat_templating_writing.

    Args:
        sources: Template text by name; "default" is used unless there are tools and a template named "tool_use".
        special_tokens: The variables bos_token, eos_token, … and their text.

    Raises:
        ChatTemplateError: A template has a syntax error.
    """

    def __init__(self, sources: Mapping[str, str], special_tokens: Mapping[str, str]) -> None:
        environment = _environment()
        self._special_tokens = dict(special_tokens)
        try:
            self._templates = {name: environment.from_string(source) for name, source in sources.items()}
        except (jinja2.TemplateError, RecursionError) as error:
            raise ChatTemplateError(f"the chat template cannot be read: {error}") from error

    def render(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] | None = None,
        documents: Sequence[Mapping[str, str]] | None = None,
        add_generation_prompt: bool = True,
    ) -> str:
        """Renders a chat.

        Args:
            messages: The chat, oldest message first.
            tools: Descriptions of the functions that the model may call.
            documents: Texts that the model may quote, for templates that know them.
            add_generation_prompt: Ends with the words that begin an assistant's message.

        Raises:
            ChatTemplateError: The template refuses the messages or fails.
        """
        try:
            return self._select(bool(tools)).render(
                messages=messages,
                tools=tools or None,
                documents=documents or None,
                add_generation_prompt=add_generation_prompt,
                **self._special_tokens,
            )
        except Exception as error:  # a template is a program of the model's author: it may fail in any way
            raise ChatTemplateError(f"the chat template cannot be rendered: {error}") from error

    def _select(self, with_tools: bool) -> jinja2.Template:
        for name in ("tool_use", "default") if with_tools else ("default",):
            if name in self._templates:
                return self._templates[name]
        raise ChatTemplateError(f"no template is named 'default', only {', '.join(sorted(self._templates))}")


class _Generation(jinja2.ext.Extension):
    """The block tag `generation`, which marks the assistant's words for training; its body is rendered as it is."""

    tags = {"generation"}  # noqa: RUF012 (declared as an instance variable by Jinja2)

    def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _environment() -> jinja2.Environment:
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", _Generation]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = _strftime_now
    return environment


def _raise_exception(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _strftime_now(format: str) -> str:
    return datetime.datetime.now().strftime(format)


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    # Jinja2's own filter escapes for HTML, which a model must not see.
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
