"""Whether this machine can do what an installation asks of it, and what to do where it can't."""
