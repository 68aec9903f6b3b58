"""The embedded demo server: real inference of a small real model behind the Ollama API, on loopback only."""
