"""One conformance suite per port. An adapter binds to a suite by a subclass of a few lines; see `sandbox`."""

import pytest

pytest.register_assert_rewrite(
    "greatwheel.testing.contracts.binding",
    "greatwheel.testing.contracts.llm",
    "greatwheel.testing.contracts.hostile",
    "greatwheel.testing.contracts.sandbox_answers",
    "greatwheel.testing.contracts.sandbox_durability",
    "greatwheel.testing.contracts.sandbox_limits",
    "greatwheel.testing.contracts.sandbox_pausing",
    "greatwheel.testing.contracts.sandbox_values",
)
