"""Writes cases.json: what each sampling step must give, by numpy in float64, independent of the C++ code.

Run with numpy: `python make_cases.py > cases.json`.

Per case: the logits behind penalties and bias where there are any, the probability of each token that may be drawn,
and the first draws of a seeded sampler. A draw is the inverse of the cumulative distribution, over the tokens from the
likeliest to the least likely where top-k or top-p has ordered them, else by id, at (x >> 11) / 2**53 with x from the
64-bit Mersenne Twister (Nishimura, "Tables of 64-bit Mersenne Twisters", 2000; its parameters are in ISO C++
[rand.predef]).
"""

from __future__ import annotations

import json
import sys

import numpy as np

DRAWS = 24


class MersenneTwister64:
    def __init__(self, seed: int) -> None:
        self.state = [seed]
        for i in range(1, 312):
            last = self.state[-1]
            self.state.append((6364136223846793005 * (last ^ last >> 62) + i) % 2**64)
        self.index = 312

    def next(self) -> int:
        if self.index == 312:
            for i in range(312):
                joined = (self.state[i] & ~0x7FFFFFFF) | (self.state[(i + 1) % 312] & 0x7FFFFFFF)
                mixed = self.state[(i + 156) % 312] ^ joined >> 1
                self.state[i] = mixed ^ 0xB5026F5AA96619E9 if joined & 1 else mixed
            self.index = 0
        x = self.state[self.index]
        self.index += 1
        x ^= x >> 29 & 0x5555555555555555
        x ^= x << 17 & 0x71D67FFFEDA60000
        x ^= x << 37 & 0xFFF7EEE000000000
        return x ^ x >> 43


def edited_logits(logits: np.ndarray, config: dict, history: list[int]) -> np.ndarray:
    out = logits.copy()
    window = config.get("penalty_window", 64)
    seen = history if window < 0 else history[len(history) - min(window, len(history)) :]
    for token in sorted(set(seen)):
        penalty = config.get("repetition_penalty", 1.0)
        out[token] = out[token] / penalty if out[token] > 0 else out[token] * penalty
        out[token] -= config.get("presence_penalty", 0.0)
        out[token] -= config.get("frequency_penalty", 0.0) * seen.count(token)
    for token, bias in config.get("logit_bias", []):
        out[token] += -np.inf if bias is None else bias
    return out


def distribution(logits: np.ndarray, config: dict) -> tuple[np.ndarray, np.ndarray]:
    """The tokens that may be drawn, in the order of the draw, and their probabilities."""
    temperature = config.get("temperature", 0.0)
    if temperature == 0:
        return np.array([np.argmax(logits)]), np.array([1.0])
    weights = np.exp((logits - logits.max()) / temperature)
    by_weight = np.lexsort((np.arange(len(weights)), -weights))
    tokens = np.arange(len(weights))
    top_k = config.get("top_k", 0)
    if 0 < top_k < len(weights):
        tokens = by_weight[:top_k]
    if config.get("top_p", 1.0) < 1:
        tokens = by_weight[: len(tokens)]
        cumulative = np.cumsum(weights[tokens]) / weights[tokens].sum()
        tokens = tokens[: 1 + int(np.searchsorted(cumulative, config["top_p"]))]
    tokens = tokens[weights[tokens] >= config.get("min_p", 0.0)]
    tokens = tokens[weights[tokens] > 0]
    return tokens, weights[tokens] / weights[tokens].sum()


def make_case(name: str, size: int, config: dict, history: list[int] | None = None, spread: float = 2.0) -> dict:
    random = np.random.default_rng(len(name) * 1000 + size)
    logits = np.round(random.normal(0, spread, size), 3)
    history = history or []
    edited = edited_logits(logits, config, history)
    tokens, probabilities = distribution(edited, config)
    twister = MersenneTwister64(config["seed"])
    draws = []
    for _ in range(DRAWS):
        uniform = (twister.next() >> 11) / 2**53
        draws.append(int(tokens[np.searchsorted(np.cumsum(probabilities), uniform, side="right")]))
    case = {"name": name, "config": config, "history": history, "logits": logits.tolist()}
    if not np.array_equal(edited, logits):
        case["edited"] = [None if np.isneginf(x) else round(float(x), 6) for x in edited]
    case |= {"tokens": tokens.tolist(), "probabilities": [float(f"{p:.6g}") for p in probabilities], "draws": draws}
    return case


def main() -> None:
    chat = [3, 5, 3, 3, 7, 1, 5, 9, 9, 9, 9, 2]
    cases = [
        make_case("greedy", 40, {"seed": 1}),
        make_case("greedy with penalties", 12, {"seed": 1, "repetition_penalty": 1.8, "frequency_penalty": 0.5}, chat),
        make_case("greedy with a ban", 12, {"seed": 1, "logit_bias": [[11, None], [2, 1.5]]}),
        make_case("temperature", 30, {"seed": 2, "temperature": 1.0}),
        make_case("low temperature", 30, {"seed": 3, "temperature": 0.3}),
        make_case("high temperature", 30, {"seed": 4, "temperature": 3.0}),
        make_case("temperature over blocks", 600, {"seed": 5, "temperature": 0.8}),
        make_case("top-k", 30, {"seed": 6, "temperature": 1.0, "top_k": 5}),
        make_case("top-k over blocks", 600, {"seed": 7, "temperature": 1.2, "top_k": 2}),
        make_case("top-k of more than there are", 10, {"seed": 8, "temperature": 1.0, "top_k": 11}),
        make_case("top-p", 30, {"seed": 9, "temperature": 1.0, "top_p": 0.7}),
        make_case("top-p over blocks, flat", 600, {"seed": 10, "temperature": 5.0, "top_p": 0.9}),
        make_case("top-p of nearly all", 600, {"seed": 20, "temperature": 1.0, "top_p": 0.999}),
        make_case("top-p of next to nothing", 30, {"seed": 11, "temperature": 1.0, "top_p": 0.001}),
        make_case("min-p", 30, {"seed": 12, "temperature": 1.0, "min_p": 0.1}),
        make_case("min-p over blocks", 600, {"seed": 13, "temperature": 1.5, "min_p": 0.05}),
        make_case("top-k, then top-p", 60, {"seed": 14, "temperature": 1.0, "top_k": 20, "top_p": 0.8}),
        make_case(
            "the whole chain",
            300,
            {
                "seed": 2**64 - 1,
                "temperature": 0.9,
                "top_k": 40,
                "top_p": 0.95,
                "min_p": 0.02,
                "repetition_penalty": 1.3,
                "presence_penalty": 0.2,
                "frequency_penalty": 0.1,
                "penalty_window": 8,
                "logit_bias": [[250, 3.0], [17, None], [5, -0.5]],
            },
            chat,
        ),
        make_case("repetition penalty", 12, {"seed": 15, "temperature": 1.0, "repetition_penalty": 1.5}, chat),
        make_case("presence penalty", 12, {"seed": 16, "temperature": 1.0, "presence_penalty": 1.0}, chat),
        make_case("frequency penalty", 12, {"seed": 17, "temperature": 1.0, "frequency_penalty": 0.4}, chat),
        make_case(
            "penalty window of all",
            12,
            {"seed": 18, "temperature": 1.0, "presence_penalty": 2, "penalty_window": -1},
            chat * 9,
        ),
        make_case(
            "penalty window of none",
            12,
            {"seed": 19, "temperature": 1.0, "presence_penalty": 2, "penalty_window": 0},
            chat,
        ),
    ]
    sys.stdout.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
