"""Measures what guessing tokens gains where a text repeats itself, and what it costs where it does not.

usage: python benchmarks/speculation.py [MODEL] [--repetitions N]

MODEL is any source that `LLMModule.load` takes, by default the command line's default model. Each text is generated
with and without guesses in alternation; prints how much faster decoding was with them.
"""

from __future__ import annotations

import argparse
import json
import statistics

from llmodule import GenerationConfig, LLMModule, models

_RECORDS = [
    {"id": number, "name": f"item {number}", "price": 3 * number, "in_stock": True, "tags": ["new", "small"]}
    for number in range(1, 7)
]
_CODE = '''def area(width, height):
    """Returns the area of a rectangle."""
    if width < 0 or height < 0:
        raise ValueError("width and height must not be negative")
    return width * height
'''
TEXTS = {
    "JSON records": json.dumps(_RECORDS, indent=1)[:-2] + ",\n",
    "code, edited": "".join(f"# Version {number}:\n{_CODE}\n" for number in (1, 2, 3)) + "# Version 4:\n",
    "quotation": "The rule says: all animals are equal, but some animals are more equal than others. " * 3 + "The rule",
    "a story": "Once upon a time, in a town by the sea, there lived",
    "an explanation": "The three most important ideas of modern physics are",
    "a letter": "Dear Sir, I am writing to you because",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default=models.DEFAULT)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=200)
    options = parser.parse_args()

    print("| text | temperature | with guesses | guesses right |\n| --- | ---: | ---: | ---: |")
    with LLMModule() as llm:
        llm.load(options.model)
        for name, prompt in TEXTS.items():
            for temperature in (0.0, 0.8):
                ratios = []
                right = ""
                for seed in range(options.repetitions):
                    seconds = []
                    for drafts in (0, 15):
                        config = GenerationConfig(
                            temperature=temperature, seed=seed, max_new_tokens=options.tokens, ignore_eos=True,
                            max_draft_tokens=drafts,
                        )  # fmt: skip
                        llm.run_inference(prompt, generation_config=config)
                        assert llm.stats is not None
                        seconds.append(llm.stats.decode_seconds)
                        right = f"{llm.stats.accepted_tokens} of {llm.stats.drafted_tokens}"
                    ratios.append(seconds[0] / seconds[1])
                print(f"| {name} | {temperature} | {statistics.median(ratios):.2f}× | {right} |", flush=True)


if __name__ == "__main__":
    main()
