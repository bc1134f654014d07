"""Draw the calibration of the encoder as an SVG, one small panel for each test set.

    python -m benchmarks.sentiment.calibration_picture [--result FILE.json] [--out FILE.svg]

Reads the bins in ``benchmarks/results/sentiment_quality.json``; writes ``models/sentiment/calibration.svg``.
A point is a bin: its x is how sure the encoder is, its y how often it is right, its area the share of texts. On the
line, the two agree. Colours follow the reader's light or dark setting.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.run import MODEL, RESULTS, parser_for

SIDE, GAP, LEFT, TOP, ACROSS = 160, 40, 36, 58, 4
INSET = 11
"""Between the frame and the ends of the axes, so that no point leaves the frame."""
LOWEST = 1 / 3
"""The likeliest of three labels has at least a third: the axes begin there."""
FEWEST = 10
"""Bins with fewer texts are drawn hollow: their height is mostly chance."""
LARGEST, SMALLEST = 14.0, 1.6
STYLE = (
    "text{font-family:system-ui,sans-serif;fill:#333}.n{font-size:10px;fill:#666}.t{font-size:12px;font-weight:600}"
    ".h{font-size:14px;font-weight:600}.f{fill:none;stroke:#999}.l{stroke:#999;stroke-dasharray:3 3}"
    ".p{fill:#1f6fb2;fill-opacity:.75;stroke:#1f6fb2}.o{fill:none;stroke:#1f6fb2}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.n{fill:#aaa}.p{fill:#6cb6ff;stroke:#6cb6ff}.o{stroke:#6cb6ff}}"
)


def draw(report: dict[str, Any]) -> str:
    """Return the picture of all sets with three labels.

    Args:
        report: Result of an evaluation.
    """
    sets = {name: one for name, one in report["sentiment"].items() if not one["two_way"]}
    lines = -(-len(sets) // ACROSS)
    width = LEFT + ACROSS * (SIDE + GAP)
    height = TOP + lines * (SIDE + GAP + 22)
    label = f"How sure the encoder is, and how often it is right, for {len(sets)} sets"
    key = f"{report['encoder_id']}; larger points: more texts; hollow: fewer than {FEWEST}; *: calibrated with it"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">',
        f"<style>{STYLE}</style>",
        f'<text class="h" x="{LEFT}" y="20">How sure it is (across) and how often it is right (up)</text>',
        f'<text class="n" x="{LEFT}" y="36">{key}</text>',
    ]
    for place, (name, one) in enumerate(sets.items()):
        x = LEFT + place % ACROSS * (SIDE + GAP)
        y = TOP + place // ACROSS * (SIDE + GAP + 22) + 14
        parts += panel(name, one, x, y)
    return "\n".join([*parts, "</svg>"]) + "\n"


def panel(name: str, one: dict[str, Any], x: int, y: int) -> list[str]:
    """Return one panel whose upper left corner is at ``x``, ``y``."""

    def across(share: float) -> float:
        return x + INSET + (SIDE - 2 * INSET) * (max(LOWEST, share) - LOWEST) / (1 - LOWEST)

    def up(share: float) -> float:
        return y + INSET + (SIDE - 2 * INSET) * (1 - share)

    title = f"{name} *" if one["role"] == "dev" else name
    caption = f"{one['texts']:,} texts, corrected ECE {one['ece_corrected']:.3f}"
    parts = [
        f'<text class="t" x="{x}" y="{y - 6}">{title}</text>',
        f'<rect class="f" x="{x}" y="{y}" width="{SIDE}" height="{SIDE}"/>',
        f'<line class="l" x1="{across(LOWEST):.1f}" y1="{up(LOWEST):.1f}" x2="{across(1):.1f}" y2="{up(1):.1f}"/>',
        f'<text class="n" x="{x}" y="{y + SIDE + 26}">{caption}</text>',
    ]
    parts += [
        f'<text class="n" text-anchor="middle" x="{across(share):.1f}" y="{y + SIDE + 13}">{share:g}</text>'
        for share in (0.4, 0.6, 0.8, 1.0)
    ]
    parts += [
        f'<text class="n" text-anchor="end" x="{x - 5}" y="{up(share) + 3:.1f}">{share:g}</text>'
        for share in (0.0, 0.5, 1.0)
    ]
    for bin_ in one["reliability"]:
        radius = max(SMALLEST, LARGEST * bin_["share"] ** 0.5)
        kind = "p" if bin_["texts"] >= FEWEST else "o"
        place = f'cx="{across(bin_["confidence"]):.1f}" cy="{up(bin_["right"]):.1f}" r="{radius:.1f}"'
        caption = f"{bin_['texts']:,} texts: sure {bin_['confidence']:.2f}, right {bin_['right']:.2f}"
        parts.append(f'<circle class="{kind}" {place}><title>{caption}</title></circle>')
    return parts


def main() -> None:
    """Draw the picture of the committed result."""
    parser = parser_for(__doc__)
    parser.add_argument("--result", type=Path, default=RESULTS / "sentiment_quality.json")
    parser.add_argument("--out", type=Path, default=MODEL / "calibration.svg")
    given = parser.parse_args()
    given.out.write_text(draw(json.loads(given.result.read_text(encoding="utf-8"))), encoding="utf-8")
    print(given.out)


if __name__ == "__main__":
    main()
