"""Graded quality: generated items, rules that grade the answers, and what the grades say of a model."""
