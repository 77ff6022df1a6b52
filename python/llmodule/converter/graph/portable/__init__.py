"""Decoders that every ExecuTorch with XNNPACK runs."""
