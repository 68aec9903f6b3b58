"""Phase 4: score, sort into memory tiers, recommend."""
