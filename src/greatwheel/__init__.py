"""A durable runtime for agents that think by writing Python."""
