"""Phase 2: list each server's models."""
