"""The text that benchmarks/tokenizers.py encodes: prose, code and many scripts, the same on every run of one Python."""

from __future__ import annotations

import ast
import random
import sysconfig
from pathlib import Path

# Short texts of several scripts; sentences are drawn from their words, the first ones most often (Zipf's law).
SCRIPTS = {
    "Russian": "и в не на что я с он как это по но они все она так его за было только мне от меня ещё нет о из "
    "когда даже уже для вот кто да говорил человек время жизнь день рука дело слово место вопрос лицо друг",
    "German": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus "
    "größer schön Straße Möglichkeit Zusammenhang Veröffentlichung Geschwindigkeit übrigens Mädchen Brücke",
    "Greek": "και το να του η της με που την από για τα είναι των στο θα δεν μια σε ο οι αυτό άνθρωπος ημέρα",
    "Arabic": "في من على أن إلى هذا التي كان مع لا ما هو عن بعد كل بين ذلك قال يوم عام الحياة الإنسان العربية الكتاب",
    "Hindi": "के में है की से को का और पर यह ने भी एक हैं कि इस लिए था जो नहीं तो समय दिन लोग जीवन भारत हिन्दी शब्द",
    "Chinese": "的 一 是 不 了 人 我 在 有 他 这 中国 我们 时间 可以 没有 问题 公司 发展 工作 语言 模型 学习 世界",
    "Japanese": "の に は を た が で て と し れ さ ある いる する こと それ 日本 言葉 時間 世界 モデル データ",
    "Korean": "이 그 저 것 수 나 우리 사람 시간 일 말 때 한국 언어 모델 학습 세계 오늘 그리고 하지만 있습니다 합니다",
    "Emoji": "😀 😂 ❤️ 👍 🎉 👨‍👩‍👧 🇩🇪 🔥 ✨ 🙏 😭 👍🏽 ok wow lol 🏳️‍🌈 → ✓ … — “quoted” ½ ²",
}


def _stdlib() -> list[Path]:
    return sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))


def _docstrings(source: str) -> list[str]:
    nodes = (ast.Module, ast.ClassDef, ast.FunctionDef)
    return [ast.get_docstring(n) or "" for n in ast.walk(ast.parse(source)) if isinstance(n, nodes)]


def _sentences(size: int, draw: random.Random) -> str:
    parts: list[str] = []
    length = 0
    while length < size:
        name, text = draw.choice(list(SCRIPTS.items()))
        words = text.split()
        weights = [1 / (rank + 1) for rank in range(len(words))]
        chosen = draw.choices(words, weights, k=draw.randint(4, 20))
        parts.append(
            ("" if name in ("Chinese", "Japanese") else " ").join(chosen) + draw.choice([". ", "! ", ".\n", ", 2024: "])
        )
        length += len(parts[-1].encode())
    return "".join(parts)


def corpus(megabytes: float = 3.0) -> str:
    """Two fifths prose (docstrings), two fifths code (the standard library), one fifth sentences of nine scripts.

    Args:
        megabytes: the size of the text's UTF-8, about.
    """
    size = int(megabytes * 1e6)
    prose: list[str] = []
    code: list[str] = []
    prose_size = code_size = 0
    for path in _stdlib():
        source = path.read_text("utf-8", errors="ignore")
        if prose_size < size * 0.4:
            prose.append("\n\n".join(_docstrings(source)))
            prose_size += len(prose[-1].encode())
        if code_size < size * 0.4:
            code.append(source)
            code_size += len(source.encode())
    return "".join(prose) + "".join(code) + _sentences(size // 5, random.Random(0))
