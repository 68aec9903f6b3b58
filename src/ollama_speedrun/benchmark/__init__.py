"""Phase 3: measure each model with real streamed generations."""
