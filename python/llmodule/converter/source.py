"""Where weights come from: what the readers of model files offer to the rest of the converter."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]
BlockType = Literal["Q4_0", "Q4_1", "Q8_0"]
"""GGUF types whose blocks are kept where a model has them."""


class TensorSource(Protocol):
    """A model file or folder, opened: named tensors, dequantised on demand, and the description beside them."""

    @property
    def layout(self) -> Literal["gguf", "huggingface"]:
        """Whose names, and whose order of the query and key rows, the tensors have."""

    @property
    def architecture(self) -> str:
        """``general.architecture`` of a GGUF file, ``model_type`` of a config.json."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The GGUF file's keys, or config.json's (a nested ``text_config`` unfolded), as plain Python values."""

    def names(self) -> Collection[str]:
        """All tensors, by the name that the file gives them."""

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape in numpy's order, the contiguous dimension last: ``(out, in)`` for the weight of a linear layer."""

    def bits(self, name: str) -> float:
        """How many bits an element takes, with its part of the scales: 4.5 of Q4_0, 8.5 of Q8_0, 16, 32."""

    def kind(self, name: str) -> str:
        """GGUF's name of the type that the elements have: Q4_0, F16."""

    def load(self, name: str, rows: tuple[int, int] | None = None) -> FloatArray:
        """The tensor, or its rows ``rows[0]`` to ``rows[1]`` (exclusive) along the first dimension, as float32."""

    def load_blocks(self, name: str, kind: BlockType, rows: tuple[int, int]) -> ByteArray | None:
        """Rows of a matrix as blocks of a GGUF type, uint8 ``[rows, bytes]``; None where they aren't quantised so."""
