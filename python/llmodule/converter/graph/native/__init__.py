"""Decoders of llmodule's own operators."""
