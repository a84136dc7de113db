"""The task families. A family is a function from a seed and a size to a `BenchTask`."""
