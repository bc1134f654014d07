"""Measure how often a title is right of remarks that it seems to cover, by whether any says its particular words.

    python -m benchmarks.themes.particular_words --data DIR   # writes benchmarks/results/particular_words.json

Over the held-out judged pairs that are likely enough to count as covered, title by title: a word is particular if less
than a given share of the known matters holds it. ``odds`` are those of a pain whose title leaves nothing unsaid, and of
the others, beside what coverage alone gives: a logistic regression on its logit and whether something is unsaid. All
this for coverage told by vectors and words, as for titles, and by vectors alone, as for names.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.run import MODEL, RESULTS, machine, parser_for, rounded, write_result
from textcx.engines.encoder.load import load_encoder
from textcx.engines.language.folder import load_language
from textcx.steps.matters import COVERED, ODDS_BY_VECTORS, ODDS_BY_WORDS, PARTICULAR, RARE, stems_of
from textcx.training.branch.examples import open_texts
from textcx.training.branch.labels import judged_texts
from textcx.training.branch.run import PAIN, nearness_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.lexicons.language import Language
    from textcx.training.branch.labels import JudgedTexts

SHARES = (0.00125, 0.0025, 0.005, 0.01, 0.02)


def counted(
    pairs: Sequence[JudgedTexts], likely: NDArray[np.float32], pains: NDArray[np.bool_], language: Language
) -> dict[str, Any]:
    """Count pairs that are right by what they leave unsaid, and fit the odds; ``likely`` are told of all, in order."""
    held = Counter(stem for matter in language.matters for stem in stems_of(" ".join(matter), language.naming))
    counts: dict[float, dict[str, list[int]]] = {share: {} for share in SHARES}
    told: list[tuple[float, bool, bool]] = []  # log odds, something is unsaid, covered
    start = 0
    for one in pairs:
        rows = slice(start, start + len(one.remarks))
        start = rows.stop
        covered = [place for place, chance in enumerate(likely[rows].tolist()) if chance >= COVERED]
        said = [stems_of(one.remarks[place], language.naming) for place in covered]
        right = sum(one.covers[place] for place in covered)
        for share, kinds in counts.items():
            words = [
                word for word in stems_of(one.title, language.naming) if held[word] < share * len(language.matters)
            ]
            unsaid = any(not any(word in stems for stems in said) for word in words)
            both = kinds.setdefault("none" if not words else "unsaid" if unsaid else "said", [0, 0])
            both[0] += right
            both[1] += len(covered)
            if share == PARTICULAR:
                logits = np.log(likely[rows] / (1 - likely[rows])).tolist()
                rest = zip(logits, one.covers, pains[rows].tolist(), strict=True)
                told += [(logit, unsaid, covers) for logit, covers, pain in rest if pain]
    logits, unsaid, covers = (np.array(part) for part in zip(*told, strict=True))
    fit = LogisticRegression(C=1e4).fit(np.stack([logits, unsaid], axis=1), covers)
    said = float(np.exp(fit.intercept_[0]))
    return {
        "odds": {"said": said, "unsaid": said * float(np.exp(fit.coef_[0, 1])), "slope": float(fit.coef_[0, 0])},
        "shares": {
            str(share): {
                kind: {"right": right, "pairs": number, "share": right / max(1, number)}
                for kind, (right, number) in sorted(kinds.items())
            }
            for share, kinds in counts.items()
        },
    }


def main() -> None:
    """Count pairs and those that are right."""
    parser = parser_for(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the open data")
    options = parser.parse_args()
    encoder, language = load_encoder(MODEL), load_language(MODEL.parent / "languages" / "en")
    pairs = [one for one in judged_texts(open_texts(options.data)) if one.held_out]
    near, _ = nearness_of(encoder, pairs)
    pains = encoder.encode([remark for one in pairs for remark in one.remarks]).pain >= PAIN
    result: dict[str, Any] = {"machine": machine(), "encoder_id": encoder.encoder_id, "used": [PARTICULAR, RARE]}
    result["used"] += [ODDS_BY_WORDS, ODDS_BY_VECTORS]
    result["by_words"] = counted(pairs, encoder.covers(near[:, 0], near[:, 1]), pains, language)
    result["by_vectors"] = counted(pairs, encoder.near(near[:, 0]), pains, language)
    write_result(rounded(result), RESULTS / "particular_words.json")


if __name__ == "__main__":
    main()
