"""Turns model files of other formats into .pte files, by numpy alone."""
