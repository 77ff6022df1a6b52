"""A model's description read by one name, whether a GGUF header or a config.json holds it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from llmodule.errors import ModelFormatError

T = TypeVar("T")
_MISSING: Any = object()
_LARGEST = 1 << 31


@dataclass(frozen=True)
class Fields:
    """Typed access to the metadata of one source.

    Every getter takes the GGUF key without the architecture's prefix and the key of config.json; None where a layout
    has no such key. A field that is missing and has no default, or has the wrong type or range, raises
    ModelFormatError.
    """

    layout: Literal["gguf", "huggingface"]
    architecture: str
    metadata: Mapping[str, Any]

    def key(self, gguf: str | None, config: str | None) -> str | None:
        """The field's full name in this layout."""
        if self.layout == "huggingface":
            return config
        if gguf is None or gguf.startswith(("general.", "tokenizer.")):
            return gguf
        return f"{self.architecture}.{gguf}"

    def value(self, gguf: str | None, config: str | None, default: Any = _MISSING) -> Any:
        """The field as it stands; null counts as missing."""
        key = self.key(gguf, config)
        found = self.metadata.get(key) if key is not None else None
        if found is not None:
            return found
        if default is _MISSING:
            raise ModelFormatError(f"the model's description lacks {key!r}, which {self.architecture} needs")
        return default

    def integer(self, gguf: str | None, config: str | None, default: Any = _MISSING) -> int:
        """A positive integer below 2**31; of a list, which holds one number per layer, all must be equal."""
        found = self.value(gguf, config, default)
        if isinstance(found, (list, tuple)) and found and all(item == found[0] for item in found):
            found = found[0]
        if isinstance(found, bool) or not isinstance(found, int) or not 0 < found < _LARGEST:
            raise self._wrong(gguf, config, found, "a positive integer")
        return found

    def number(self, gguf: str | None, config: str | None, default: Any = _MISSING) -> float:
        """A finite number above zero."""
        found = self.value(gguf, config, default)
        if isinstance(found, bool) or not isinstance(found, (int, float)) or not math.isfinite(found) or found <= 0:
            raise self._wrong(gguf, config, found, "a positive number")
        return float(found)

    def optional_integer(self, gguf: str | None, config: str | None) -> int | None:
        """Like integer(); None where the field is missing."""
        return None if self.value(gguf, config, None) is None else self.integer(gguf, config)

    def optional_number(self, gguf: str | None, config: str | None) -> float | None:
        """Like number(); None where the field is missing or zero, which is how writers spell "off"."""
        return self.number(gguf, config) if self.value(gguf, config, None) else None

    def flag(self, gguf: str | None, config: str | None, default: bool) -> bool:
        """A boolean."""
        found = self.value(gguf, config, default)
        if not isinstance(found, bool):
            raise self._wrong(gguf, config, found, "true or false")
        return found

    def mapping(self, config: str) -> Mapping[str, Any]:
        """A nested object of config.json; empty where it is missing."""
        found = self.value(None, config, {})
        if not isinstance(found, Mapping):
            raise self._wrong(None, config, found, "an object")
        return found

    def nested(self, config: str) -> Fields:
        """The fields of a nested object of config.json."""
        return Fields(self.layout, self.architecture, self.mapping(config))

    def ids(self, gguf: tuple[str, ...], config: str) -> tuple[int, ...]:
        """Token ids: of several GGUF keys, or one key of config.json that holds a number or a list."""
        keys = gguf if self.layout == "gguf" else (config,)
        found: list[int] = []
        for key in keys:
            value = self.metadata.get(key)
            for item in value if isinstance(value, (list, tuple)) else () if value is None else (value,):
                if isinstance(item, bool) or not isinstance(item, int) or not 0 <= item < _LARGEST:
                    raise ModelFormatError(f"{key!r} holds {item!r}, which is no token id")
                found.append(item)
        return tuple(dict.fromkeys(found))

    def _wrong(self, gguf: str | None, config: str | None, found: Any, wanted: str) -> ModelFormatError:
        return ModelFormatError(f"{self.key(gguf, config)!r} of the model's description is {found!r}, not {wanted}")
