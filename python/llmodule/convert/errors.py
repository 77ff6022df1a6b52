"""What the converter raises."""

from __future__ import annotations


class ConversionError(ValueError):
    """The model can't be converted; the message names the field or the tensor and what was found in it."""
