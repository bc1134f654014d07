"""Ask the encoder once about every distinct text.

Repeated texts (and records of a single segment, whose segment is the whole text) cost nothing twice.
"""

from __future__ import annotations

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
    """Encode whole texts and segments in one call.

    Args:
        records: Polished whole texts.
        segments: Polished segment texts.
        encoder: The encoder.
        vectors: Whether vectors are wanted.

    Returns:
        The encodings of the records and of the segments, each in the order given.
    """
    place: dict[str, int] = {}
    for text in (*records, *segments):
        place.setdefault(text, len(place))
    encoding = encoder.encode(list(place), vectors=vectors)
    return _take(encoding, records, place), _take(encoding, segments, place)


def _take(encoding: Encoding, texts: Sequence[str], place: dict[str, int]) -> Encoding:
    at: NDArray[np.intp] = np.fromiter((place[text] for text in texts), dtype=np.intp, count=len(texts))
    return Encoding(
        vectors=encoding.vectors[at] if len(encoding.vectors) else encoding.vectors,
        sentiment=encoding.sentiment[at],
        pain=encoding.pain[at],
        request=encoding.request[at],
        emotions=encoding.emotions[at],
        windows=encoding.windows[at],
    )


def unit_length(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Bring vectors to unit length in single precision; zeros stay zeros. Shape ``(texts, width)``, in and out."""
    single = vectors.astype(np.float32)
    single /= np.maximum(np.linalg.norm(single, axis=1, keepdims=True), np.float32(1e-12))
    return single
