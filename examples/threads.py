"""One thread generates, another one shows the progress and interrupts.

usage: python examples/threads.py MODEL
"""

from __future__ import annotations

import sys
import threading
import time

from llmodule import LLMModule, ModelGeneratingError

with LLMModule() as llm:
    llm.load(sys.argv[1])
    worker = threading.Thread(target=llm.send_message, args=("Explain how a sailing boat can go upwind.",))
    worker.start()
    for _ in range(3):
        time.sleep(0.5)
        print(f"{len(llm.response):5} characters so far")
    try:
        llm.send_message("And now?")
    except ModelGeneratingError as error:
        print(f"A second question at the same time is refused: {error}")
    llm.interrupt()
    worker.join()
    print(f"\n{llm.message_history[-1]['content']}\n")
