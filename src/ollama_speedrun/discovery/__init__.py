"""Phase 1: find the servers."""
