"""Generators of items, one module for each kind of task."""
