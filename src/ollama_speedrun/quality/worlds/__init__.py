"""Small simulated worlds that a model acts in by tool calls."""
