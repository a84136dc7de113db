"""Agents: their definitions, the versions of their code, and where the code comes from."""
