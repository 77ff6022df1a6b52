"""Decoders as graphs, from blocks that all architectures share."""
