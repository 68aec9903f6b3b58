"""Two results side by side: what became faster, slower or better, and what cannot be told."""
