"""What a model's description says, whichever file holds it."""
