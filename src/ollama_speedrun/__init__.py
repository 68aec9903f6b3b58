"""Find, benchmark and pick Ollama models."""

__version__ = "0.1.0"
