"""A model of Ollama as livekit-agents' LLM."""

from agent.llm.ollama_llm import OllamaLLM, OllamaOptions

__all__ = ["OllamaLLM", "OllamaOptions"]
