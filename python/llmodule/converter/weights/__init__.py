"""The weights, read as they are needed, under one set of names, in the formats they will be stored in."""
