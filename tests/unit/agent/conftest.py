"""Settings of livekit-agents for tests, made before it is imported."""

import os

# Its watch over the event loop formats stacks in a thread; that is noise on a busy machine.
os.environ["LIVEKIT_AGENTS_LOOP_BLOCK_WARN_MS"] = "0"
os.environ["LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE"] = "0"
