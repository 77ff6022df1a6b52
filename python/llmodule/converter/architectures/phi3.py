"""Phi 3, 3.5 and 4 mini: fused projections, LongRoPE, of which Phi 4 rotates only a part of each head."""

from __future__ import annotations

from llmodule.converter.architectures.architecture import Architecture
from llmodule.converter.architectures.windows import with_windows

PHI3 = Architecture(
    "phi3",
    ("phi3",),
    fused=True,
    refine=lambda base, fields: with_windows(base, fields, lambda index: True),
)
