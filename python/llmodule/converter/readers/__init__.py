"""Readers of model files: named tensors and the description beside them."""
