"""Ask the encoder once about every distinct text.

Repeated texts (and records of a single segment, whose segment is the whole text) cost nothing twice.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from textcx.domain.encoding import Encoding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.ports import Encoder


def encode_distinct(
    records: Sequence[str], segments: Sequence[str], *, encoder: Encoder, vectors: bool = True
) -> tuple[Encoding, Encoding]:
    """Encode polished whole texts and segments in one call; their encodings, each in the order given."""
    places = {text: place for place, text in enumerate(dict.fromkeys((*records, *segments)))}
    encoding = encoder.encode(list(places), vectors=vectors)
    return _take(encoding, [places[text] for text in records]), _take(encoding, [places[text] for text in segments])


def _take(encoding: Encoding, places: Sequence[int]) -> Encoding:
    at = np.asarray(places, dtype=np.intp)
    arrays = {field.name: getattr(encoding, field.name) for field in fields(encoding)}
    return Encoding(**{name: array[at] if len(array) else array for name, array in arrays.items()})


def unit_length(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Bring vectors to unit length in single precision; zeros stay zeros. Shape ``(texts, width)``, in and out."""
    single = vectors.astype(np.float32)
    single /= np.maximum(np.linalg.norm(single, axis=1, keepdims=True), np.float32(1e-12))
    return single
