"""A chat of two turns, with the callbacks of LLMModule.

usage: python examples/chat.py MODEL     (a .pte file or a folder with one; tokenizer files beside it)
"""

from __future__ import annotations

import sys

from llmodule import ChatConfig, GenerationConfig, LLMModule

llm = LLMModule(
    token_callback=lambda piece: print(piece, end="", flush=True),
    is_generating_callback=lambda generating: print("", end="" if generating else "\n"),
    chat_config=ChatConfig(system_prompt="You answer in one short sentence."),
    generation_config=GenerationConfig(temperature=0.0, max_new_tokens=60),
)
with llm:
    llm.load(sys.argv[1])
    for question in ("What is the capital of France?", "Which river runs through it?"):
        print(f"\n> {question}")
        llm.send_message(question)
        print(f"[{llm.stats}]")
