"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is slow, not wrong: no test fails for its time.
settings.register_profile("greatwheel", deadline=None)
settings.load_profile("greatwheel")
