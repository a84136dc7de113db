"""The kill matrix: workers are killed at every write of a task that makes calls of all kinds, and nothing may be lost.

`python -m greatwheel.testing.chaos` runs it; docs/chaos.md says what it checks.
"""
