"""The history of a chat and the part of it that the model sees."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from llmodule._prompt import Prompt
from llmodule.config import ChatConfig
from llmodule.messages import Message, copy_messages


class Conversation:
    """One chat. Its lists are replaced, never changed, so another thread may read them at any time."""

    def __init__(self, config: ChatConfig) -> None:
        self.config = config
        self._messages: tuple[Message, ...] = tuple(copy_messages(config.initial_message_history))
        self._begin = 0

    @property
    def messages(self) -> list[Message]:
        """A copy of the whole history."""
        return copy_messages(self._messages)

    def append(self, message: Message) -> None:
        """Adds a message at the end."""
        self._messages += (message,)

    def truncate(self, length: int) -> None:
        """Keeps the first `length` messages."""
        self._messages = self._messages[:length]
        self._begin = min(self._begin, max(length - 1, 0))

    def prompt(self, render: Callable[[Sequence[Message]], Prompt], context_length: int) -> Prompt:
        """Renders the part of the history that the context strategy chooses, behind the system prompt."""
        messages = self._messages
        system: tuple[Message, ...] = ()
        if self.config.system_prompt:
            system = ({"role": "system", "content": self.config.system_prompt},)

        @functools.cache
        def prompt_from(begin: int) -> Prompt:
            return render([*system, *messages[begin:]])

        self._begin = self.config.strategy.begin(
            self.messages,
            previous=self._begin,
            count_tokens=lambda begin: len(prompt_from(begin).ids),
            context_length=context_length,
        )
        return prompt_from(self._begin)
