"""Writes normalization_table.inc from Python's unicodedata: what normalization.cc and lowercase.cc need to know.

Hugging Face's normalizers have the tables of Unicode 9.0. Normalization of an assigned character never changes
(Unicode's stability policy), so leaving out what later versions added gives those tables from any newer Python.
"""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

# Unassigned in Unicode 9.0; later versions put characters there that decompose, compose, reorder or are marks.
ADDED_LATER = [
    (0x558, 0x558), (0x58B, 0x58C), (0x5C8, 0x5C9), (0x7FD, 0x7FD), (0x897, 0x89F), (0x8CA, 0x8D3), (0x9FE, 0x9FE),
    (0xAFA, 0xAFF), (0xB53, 0xB55), (0xC04, 0xC04), (0xC3C, 0xC3C), (0xCF3, 0xD00), (0xD3B, 0xD3C), (0xD81, 0xD81),
    (0xEBA, 0xEBA), (0xECE, 0xECE), (0x1715, 0x1715), (0x180F, 0x180F), (0x1ABF, 0x1AF0), (0x1CF7, 0x1CF7),
    (0x1DF6, 0x1DFA), (0x209D, 0x209F), (0x32FF, 0x32FF), (0xA7F1, 0xA7F4), (0xA82C, 0xA82C), (0xA8FF, 0xA8FF),
    (0xAB69, 0xAB69), (0x105C9, 0x105E4), (0x10781, 0x107BF), (0x10D24, 0x10D6D), (0x10EAB, 0x10F85),
    (0x11070, 0x11074), (0x110C2, 0x110C2), (0x11145, 0x11146), (0x111CE, 0x111CF), (0x11241, 0x11241),
    (0x1133B, 0x1133B), (0x11383, 0x113E2), (0x1145E, 0x1145E), (0x1182C, 0x1183A), (0x11930, 0x11A99),
    (0x11B60, 0x11B67), (0x11D31, 0x11F5A), (0x13440, 0x13455), (0x1611E, 0x1612F), (0x16D68, 0x16D6A),
    (0x16F4F, 0x16F4F), (0x16F7F, 0x16F87), (0x16FE4, 0x16FF1), (0x1B123, 0x1B126), (0x1CCD6, 0x1CF46),
    (0x1D127, 0x1D128), (0x1D250, 0x1D281), (0x1D6A6, 0x1D6A6), (0x1DF95, 0x1DFFF), (0x1E030, 0x1E6F5),
    (0x1F16C, 0x1F16C), (0x1FBF0, 0x1FBF9),
]  # fmt: skip
# Marks in Unicode 9.0 whose category has changed since, and the other way round.
WERE_MARKS = {0x1CF2, 0x1CF3}
WERE_NO_MARKS = {0x111C9}

# Nonspacing marks (Mn) now, but not in Unicode 8.0, whose categories BERT's accent stripping has; and the reverse.
NOT_YET_NONSPACING = [
    (0x5C8, 0x5C9), (0x7FD, 0x7FD), (0x897, 0x8E1), (0x9FE, 0x9FE), (0xAFA, 0xAFF), (0xB53, 0xB55), (0xC04, 0xC3C),
    (0xD00, 0xD00), (0xD3B, 0xD3C), (0xD81, 0xD81), (0xEBA, 0xEBA), (0xECE, 0xECE), (0x180F, 0x1886),
    (0x1ABF, 0x1AF0), (0x1DF6, 0x1DFB), (0xA82C, 0xA82C), (0xA8C5, 0xA8C5), (0xA8FF, 0xA8FF), (0xA9BD, 0xA9BD),
    (0x10D24, 0x10F85), (0x11070, 0x11074), (0x110C2, 0x110C2), (0x111C9, 0x111C9), (0x111CF, 0x111CF),
    (0x1123E, 0x11241), (0x1133B, 0x1133B), (0x113BB, 0x1145E), (0x1182F, 0x11F5A), (0x13440, 0x13455),
    (0x1611E, 0x1612F), (0x16F4F, 0x16F4F), (0x16FE4, 0x16FE4), (0x1CF00, 0x1D128), (0x1D25B, 0x1D25C),
    (0x1E000, 0x1E6F5), (0x1E944, 0x1E94A),
]  # fmt: skip
WERE_NONSPACING = {0x1734, 0x1171E}
# Lower case of characters that are younger than Unicode 13, which Python 3.10 has: first, last, distance.
YOUNG_LOWERCASE = [
    (0x1C89, 0x1C89, 1), (0x2C2F, 0x2C2F, 48), (0xA7C0, 0xA7C0, 1), (0xA7CB, 0xA7CB, -42343), (0xA7CC, 0xA7CC, 1),
    (0xA7CE, 0xA7CE, 1), (0xA7D0, 0xA7D0, 1), (0xA7D2, 0xA7D2, 1), (0xA7D4, 0xA7D4, 1), (0xA7D6, 0xA7D6, 1),
    (0xA7D8, 0xA7D8, 1), (0xA7DA, 0xA7DA, 1), (0xA7DC, 0xA7DC, -42561), (0x10570, 0x1057A, 39),
    (0x1057C, 0x1058A, 39), (0x1058C, 0x10592, 39), (0x10594, 0x10595, 39), (0x10D50, 0x10D65, 32),
    (0x16EA0, 0x16EB8, 27),
]  # fmt: skip

HANGUL = range(0xAC00, 0xD7A4)
BLOCK = 128
FORMS = ("NFC", "NFD", "NFKC", "NFKD")


def members(ranges: list[tuple[int, int]]) -> set[int]:
    return {c for first, last in ranges for c in range(first, last + 1)}


def code_points() -> list[int]:
    later = members(ADDED_LATER)
    return [c for c in range(0x110000) if not 0xD800 <= c < 0xE000 and c not in HANGUL and c not in later]


def compositions(points: list[int]) -> dict[tuple[int, int], int]:
    pairs = {}
    for c in points:
        parts = unicodedata.decomposition(chr(c)).split()
        if len(parts) == 2 and not parts[0].startswith("<") and unicodedata.normalize("NFC", chr(c)) == chr(c):
            pairs[int(parts[0], 16), int(parts[1], 16)] = c
    return pairs


def lowercase() -> dict[int, int]:
    """Simple mappings; U+0130, the only character with a longer one, is lowercase.cc's."""
    lower = {c: ord(chr(c).lower()) for c in range(0x80, 0x110000) if len(chr(c).lower()) == 1}
    for first, last, distance in YOUNG_LOWERCASE:
        lower.update({c: c + distance for c in range(first, last + 1)})
    return {c: mapped for c, mapped in lower.items() if mapped != c}


def main(target: Path) -> None:
    points = code_points()
    not_yet_nonspacing = members(NOT_YET_NONSPACING)
    pairs = compositions(points)
    seconds = {second for _, second in pairs} | set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))
    expansions: list[int] = []
    # One record: combining class, where the canonical and the compatible decomposition lie in `expansions` and how long
    # they are, bits: 0-3 unstable in NFC, NFD, NFKC, NFKD; 4 a combining mark; 5 a nonspacing mark.
    records: dict[tuple[int, ...], int] = {(0, 0, 0, 0, 0, 0): 0}
    numbers = [0] * 0x110000

    def expand(c: int, form: str) -> tuple[int, int]:
        parts = [ord(x) for x in unicodedata.normalize(form, chr(c))]
        if parts == [c]:
            return 0, 0
        expansions.extend(parts)
        return len(expansions) - len(parts), len(parts)

    for c in points:
        combining = unicodedata.combining(chr(c))
        bits = 0
        for bit, form in enumerate(FORMS):
            changes = unicodedata.normalize(form, chr(c)) != chr(c)
            bits |= (changes or combining != 0 or (form in ("NFC", "NFKC") and c in seconds)) << bit
        category = unicodedata.category(chr(c))
        is_mark = category.startswith("M")
        bits |= ((is_mark and c not in WERE_NO_MARKS) or c in WERE_MARKS) << 4
        bits |= ((category == "Mn" and c not in not_yet_nonspacing) or c in WERE_NONSPACING) << 5
        if bits == 0:
            continue
        record = (combining, *expand(c, "NFD"), *expand(c, "NFKD"), bits)
        numbers[c] = records.setdefault(record, len(records))
    hangul = records.setdefault((0, 0, 0, 0, 0, 0b1010), len(records))
    for c in HANGUL:
        numbers[c] = hangul

    blocks: dict[tuple[int, ...], int] = {}
    index = [
        blocks.setdefault(tuple(numbers[begin : begin + BLOCK]), len(blocks)) for begin in range(0, 0x110000, BLOCK)
    ]
    with target.open("w") as out:

        def array(declaration: str, values: list[str]) -> None:
            out.write(f"constexpr {declaration}[] = {{\n")
            for begin in range(0, len(values), 20):
                out.write(",".join(values[begin : begin + 20]) + ",\n")
            out.write("};\n")

        array("std::uint16_t kNormalizationBlocks", [str(i) for i in index])
        array("std::uint16_t kNormalizationRecords", [str(n) for block in blocks for n in block])
        array("Record kRecords", ["{" + ",".join(map(str, r)) + "}" for r in records])
        array("char32_t kExpansions", [str(c) for c in expansions])
        array("Composition kCompositions", [f"{{{a},{b},{c}}}" for (a, b), c in sorted(pairs.items())])
        array("Lowercase kLowercase", [f"{{{c},{mapped}}}" for c, mapped in sorted(lowercase().items())])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
