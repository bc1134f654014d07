"""Measure how often a title is right of remarks that it seems to cover, by whether any says its particular words.

    python -m benchmarks.themes.particular_words --data DIR   # writes benchmarks/results/particular_words.json

Over the held-out judged pairs that are likely enough to count as covered, title by title: a word is particular if less
than a given share of the known matters holds it. ``odds`` are those of a pain whose title leaves nothing unsaid, and of
the others, beside what coverage alone gives: a logistic regression on its logit and whether something is unsaid.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.run import MODEL, RESULTS, machine, parser_for, rounded, write_result
from textcx.engines.encoder.load import load_encoder
from textcx.engines.language.folder import load_language
from textcx.steps.matters import COVERED, ODDS, PARTICULAR, RARE, Scorer, stems_of
from textcx.training.branch.examples import open_texts
from textcx.training.branch.labels import judged_texts
from textcx.training.branch.run import PAIN

SHARES = (0.00125, 0.0025, 0.005, 0.01, 0.02)


def main() -> None:
    """Count pairs and those that are right."""
    parser = parser_for(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the open data")
    options = parser.parse_args()
    encoder, language = load_encoder(MODEL), load_language(MODEL.parent / "languages" / "en")
    held = Counter(stem for matter in language.matters for stem in stems_of(" ".join(matter), language.naming))
    counts: dict[float, dict[str, list[int]]] = {share: {} for share in SHARES}
    pains: list[tuple[float, bool, bool]] = []  # log odds by coverage, something is unsaid, covered
    for one in judged_texts(open_texts(options.data)):
        if not one.held_out:
            continue
        read = encoder.encode(one.remarks)
        title = encoder.encode([one.title]).matters
        scorer = Scorer(
            one.remarks, read.matters, titles=title, tokens=encoder.words([one.title]), encoder=encoder, possible=0.0
        )
        covers = scorer(np.arange(len(one.remarks)))[:, 0]
        covered = [place for place, likely in enumerate(covers.tolist()) if likely >= COVERED]
        said = [stems_of(one.remarks[place], language.naming) for place in covered]
        right = sum(one.covers[place] for place in covered)
        for share, kinds in counts.items():
            words = [
                word for word in stems_of(one.title, language.naming) if held[word] < share * len(language.matters)
            ]
            unsaid = any(not any(word in stems for stems in said) for word in words)
            pairs = kinds.setdefault("none" if not words else "unsaid" if unsaid else "said", [0, 0])
            pairs[0] += right
            pairs[1] += len(covered)
            if share == PARTICULAR:
                logits = np.log(covers / (1 - covers)).tolist()
                told = zip(logits, one.covers, (read.pain >= PAIN).tolist(), strict=True)
                pains += [(logit, unsaid, covers) for logit, covers, pain in told if pain]
    logits, unsaid, covers = (np.array(part) for part in zip(*pains, strict=True))
    fit = LogisticRegression(C=1e4).fit(np.stack([logits, unsaid], axis=1), covers)
    said = float(np.exp(fit.intercept_[0]))
    odds = {"said": said, "unsaid": said * float(np.exp(fit.coef_[0, 1])), "slope": float(fit.coef_[0, 0])}
    result: dict[str, Any] = {"machine": machine(), "encoder_id": encoder.encoder_id, "used": [PARTICULAR, RARE, *ODDS]}
    result |= {"odds": odds, "shares": {}}
    for share, kinds in counts.items():
        result["shares"][str(share)] = {
            kind: {"right": right, "pairs": pairs, "share": right / max(1, pairs)}
            for kind, (right, pairs) in sorted(kinds.items())
        }
    write_result(rounded(result), RESULTS / "particular_words.json")


if __name__ == "__main__":
    main()
