"""Tokenizer files rebuilt from the vocabulary in a GGUF file."""
