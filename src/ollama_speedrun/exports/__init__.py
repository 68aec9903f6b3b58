"""Configurations of other programs, made of a verdict: one pure function a target."""
