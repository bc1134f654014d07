"""What the processor says of itself; the only place that asks.

Only Linux tells (``/proc/cpuinfo``). Elsewhere nothing is known, and callers take what runs everywhere.
"""

from __future__ import annotations

from pathlib import Path

PROCESSOR = Path("/proc/cpuinfo")
BF16_FLAGS = frozenset({"amx_bf16", "avx512_bf16"})
INTEGER_FLAGS = frozenset({"avx512_vnni", "avx_vnni"})


def computes_bf16() -> bool:
    """Tell whether the processor is known to have instructions for products in bfloat16."""
    return bool(_words() & BF16_FLAGS)


def computes_integers_fast() -> bool:
    """Tell whether the processor is known to have instructions for products of 8-bit integers (VNNI)."""
    return bool(_words() & INTEGER_FLAGS)


def _words() -> frozenset[str]:
    try:
        return frozenset(PROCESSOR.read_text(encoding="ascii", errors="replace").split())
    except OSError:  # not Linux
        return frozenset()
