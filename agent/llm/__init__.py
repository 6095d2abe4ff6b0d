"""Language models as livekit-agents' LLM: Ollama's, and those of OpenAI-compatible servers."""

from agent.llm.model import LanguageModel
from agent.llm.ollama_llm import OllamaLLM, OllamaOptions
from agent.llm.openai_llm import OpenAILLM, OpenAIOptions

__all__ = ["LanguageModel", "OllamaLLM", "OllamaOptions", "OpenAILLM", "OpenAIOptions"]
