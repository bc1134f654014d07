"""Measurements of quality, speed and robustness; every module writes its figures to ``benchmarks/results``."""
