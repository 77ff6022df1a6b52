"""How byte-level BPE tokenizers cut a text into words, by the name that GGUF files give.

The patterns are those of the models' own tokenizer.json files; names and groups are llama.cpp's (src/llama-vocab.cpp).
"""

from __future__ import annotations

from dataclasses import dataclass

from llmodule.errors import TokenizerFormatError

_CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_ASCII_PUNCTUATION = r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]"""
_CJK = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"


def _words(digits: str, *, letters: str = r"\p{L}") -> str:
    """The pattern of OpenAI's cl100k_base, which many models took over with other rules for digits."""
    other = rf"\s{letters}\p{{N}}"
    return rf"{_CONTRACTION}|[^\r\n\p{{L}}\p{{N}}]?[{letters}]+|{digits}| ?[^{other}]+[\r\n]*|{_SPACES}"


def _cased_words(suffix: str, digits: str) -> str:
    """The pattern of OpenAI's o200k_base, which cuts where the case changes."""
    before = r"[^\r\n\p{L}\p{N}]?"
    return (
        rf"{before}{_UPPER}*{_LOWER}+{suffix}|{before}{_UPPER}+{_LOWER}*{suffix}|{digits}"
        rf"| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{_SPACES}"
    )


@dataclass(frozen=True)
class PreTokenizer:
    """A way to cut a text into words.

    Attributes:
        patterns: Each cuts what the one before left into its matches and what lies between.
        nfc: The text is brought into Unicode's normal form C before.
        ignore_merges: A word that is a token as a whole is that token, whatever the merges say.
        add_bos: Texts get the first token where the file does not say.
    """

    patterns: tuple[str, ...]
    nfc: bool = False
    ignore_merges: bool = False
    add_bos: bool = False


_LLAMA3 = PreTokenizer((_words(r"\p{N}{1,3}"),), ignore_merges=True, add_bos=True)
_CL100K = PreTokenizer((_words(r"\p{N}{1,3}"),))
_QWEN2 = PreTokenizer((_words(r"\p{N}"),), nfc=True)
_QWEN2_PLAIN = PreTokenizer((_words(r"\p{N}"),))
_DIGITS = PreTokenizer((r"\p{N}", _GPT2))
_GPT_2 = PreTokenizer((_GPT2,))
_O200K = PreTokenizer((_cased_words(rf"{_CONTRACTION}?", r"\p{N}{1,3}"),))
_DEEPSEEK_V3 = PreTokenizer(
    (
        r"\p{N}{1,3}",
        "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
        rf"{_ASCII_PUNCTUATION}[A-Za-z]+|[^\r\n\p{{L}}\p{{P}}\p{{S}}]?[\p{{L}}\p{{M}}]+"
        rf"| ?[\p{{P}}\p{{S}}]+[\r\n]*|{_SPACES}",
    )
)

_BY_NAME: dict[str, PreTokenizer] = {
    **dict.fromkeys(
        ("llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"), _LLAMA3
    ),
    **dict.fromkeys(("dbrx", "smaug-bpe", "chatglm-bpe", "glm4"), _CL100K),
    "qwen2": _QWEN2,
    **dict.fromkeys(
        ("deepseek-r1-qwen", "stablelm2", "kormo", "megrez", "hunyuan", "solar-open", "grok-2"), _QWEN2_PLAIN
    ),
    "qwen35": PreTokenizer((_words(r"\p{N}", letters=r"\p{L}\p{M}"),), nfc=True),
    **dict.fromkeys(
        ("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"), _DIGITS
    ),
    **dict.fromkeys(
        ("gpt-2", "phi-2", "mpt", "gigachat", "a.x-4.0", "mellum", "exaone4", "trillion", "granite-docling", "jais"),
        _GPT_2,
    ),
    "olmo": PreTokenizer((_GPT2,), nfc=True),
    **dict.fromkeys(("gpt-4o", "llama4", "kanana2", "minimax-m2"), _O200K),
    "tekken": PreTokenizer((_cased_words("", r"\p{N}"),), ignore_merges=True, add_bos=True),
    **dict.fromkeys(("deepseek-v3", "hunyuan-dense"), _DEEPSEEK_V3),
    "deepseek-coder": PreTokenizer((r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", _CJK, r"\p{N}")),
}


def find_pretokenizer(name: str) -> PreTokenizer:
    """The pre-tokenizer that goes by `name` in the key tokenizer.ggml.pre.

    Raises:
        TokenizerFormatError: It is not known; the message lists those that are.
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    found = f"the pre-tokenizer {name!r} is not known" if name else "the file names no pre-tokenizer"
    raise TokenizerFormatError(
        f"{found} (tokenizer.ggml.pre); known: {', '.join(sorted(_BY_NAME))}. A tokenizer.json of the original model "
        "can stand in for it"
    )
