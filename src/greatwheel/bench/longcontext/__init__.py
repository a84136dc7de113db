"""The long-context benchmark: generated questions over contexts far larger than a model's window."""
