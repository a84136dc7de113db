"""The held-out families: looked at once, at the end. Nobody who works on the loop reads or runs them before."""
