"""Intervals, tests and q-values."""
