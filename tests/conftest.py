"""What all tests share."""

from __future__ import annotations

import signal

from hypothesis import settings

# A busy machine is slow, not wrong: no test fails for its time.
settings.register_profile("greatwheel", deadline=None)
settings.load_profile("greatwheel")

# A run in the background of a script is started with SIGINT ignored, and children would inherit that: programs under
# test are to meet it as they do at a terminal.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
