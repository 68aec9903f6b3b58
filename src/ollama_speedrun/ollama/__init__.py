"""The Ollama protocol: message types and a thin, bounded client."""
