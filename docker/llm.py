"""Makes or pulls the agent's LLM in Ollama (OLLAMA_HOST, AGENT_LLM_MODEL), then loads it."""

import sys

from stack.errors import StackError
from stack.llm import ensure, load
from stack.progress import Progress
from stack.settings import StackSettings


def main() -> int:
    """Returns 0 when Ollama has the model loaded."""
    settings = StackSettings()
    host = settings.ollama_host
    if host is None:
        print("llm: OLLAMA_HOST is not set", file=sys.stderr)
        return 2
    try:
        ensure(settings, host, Progress())
        load(settings, host, Progress())
    except StackError as error:
        print(f"llm: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
