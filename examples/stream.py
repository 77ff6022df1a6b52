"""The answer as an iterator: breaking off the loop ends the generation.

usage: python examples/stream.py MODEL
"""

from __future__ import annotations

import sys

from llmodule import LLMModule

with LLMModule() as llm:
    llm.load(sys.argv[1])
    text = ""
    for piece in llm.stream("Tell me a story about a lighthouse."):
        text += piece
        print(piece, end="", flush=True)
        if text.count(".") == 3:
            break
    print(f"\n\nThree sentences are enough ({llm.result.finish_reason if llm.result else ''}).")
    print(f"The history holds what was said: {len(llm.message_history[-1]['content'])} characters.")
