"""Tell by the wording whether a text asks for something: a weak label for the request head.

Two lists of patterns: words that nearly always ask, and words that sometimes do. A text that matches only the second
list is not used as an example of either kind.
"""

from __future__ import annotations

import re

_NICE = r"(?:nice|great|good|better|best|helpful|useful|cool|lovely|wonderful|ideal|awesome|handy|perfect)"
_DO = (
    r"(?:add|fix|make|bring|give|provide|consider|let|allow|include|improve|implement|enable|support|update|change|send|"
    r"offer|introduce|put|get|have|be|keep|stop|hire|train|work on|look into|sort|"
    r"invest|reduce|increase|open|extend|show)"
)
_CLEAR = re.compile(
    rf"\bwish (?:that )?(?:they|you|it|there|this|these|the|someone)\b"
    rf"|\bwould(?: also| really)? be (?:very |so |really |much |a lot )?{_NICE} (?:if|to|for|when)\b"
    rf"|\bplease,? {_DO}\b"
    rf"|\b(?:they|you|there|it|we|staff|management|company|app)(?: really| definitely| also)? should(?: really| also)? "
    rf"(?!have (?:been|\w+ed|known|done|gone)){_DO}\b"
    r"|\b(?:needs?|need) (?:to be|to have|to add|to fix|to improve|to update|to work on|to get|more|better)\b"
    r"|\bcould (?:be improved|do with|really use)\b"
    r"|\b(?:my|one|a|only) suggestions?\b|\bi(?:'d| would)? suggest\b"
    r"|\bwould (?:like|love|prefer) (?:to see|to have|it if|if|you to|the option|an option|more)\b"
    r"|\bwhy (?:not|don'?t you|don'?t they) (?:just )?(?:add|make|have|let|give|offer|put)\b"
    r"|\bhope (?:that )?(?:they|you|it)(?: will|'ll)? (?:add|bring|fix|get|improve|consider)\b"
    rf"|^\s*(?:please |just )?(?:allow|add|provide|improve|reduce|increase|"
    r"make|(?:more|better)(?! than| of | and more)|give|introduce|bring back|fix)\b"
    r"|\bcould you (?:please )?(?:add|make|let|allow|provide|include)\b"
    r"|\bcan (?:you|we|i) (?:please )?(?:have|get|add|make)\b",
    re.IGNORECASE,
)
_POSSIBLE = re.compile(
    r"\b(?:wish|hope|please|should|shouldn'?t|suggest\w*|ought|must|needs?|would (?:be|like|love|prefer|help)|"
    r"could|why not|if only|recommend (?:that|adding)|require[sd]?|want(?:ed)?|ideally|let (?:me|us)|allow\w*|"
    r"improve\w*|add(?:ing|ed)?|instead of|rather|can (?:you|we|i)|how about|what about|request\w*|feature)\b"
    r"|^\s*(?:more|better|less|fewer|faster|provide|make|give|keep|bring)\b",
    re.IGNORECASE,
)


def asks_clearly(text: str) -> bool:
    """Tell whether the wording of a text asks for something, rather surely."""
    return bool(_CLEAR.search(text))


def may_ask(text: str) -> bool:
    """Tell whether any word of a text could belong to a wish or suggestion."""
    return bool(_POSSIBLE.search(text)) or asks_clearly(text)
