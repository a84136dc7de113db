"""The API that clients of OpenAI's chat completions know: each agent is a model. See docs/openai.md."""

import greatwheel.channels.http  # noqa: F401  it mounts this channel and is built on by it, so it must come first
