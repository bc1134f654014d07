"""How the fields of a language's rooms are declared: the type says what the TOML key must hold."""

from __future__ import annotations

import re

ALTERNATIVES = "<>"
"""Where a template takes the alternatives of its key, joined by ``|``."""


def pattern(template: str = r"\b(?:<>)\b", *, flags: re.RegexFlag = re.IGNORECASE) -> dict[str, object]:
    """Say how a field is compiled that is written as a list of alternatives, each a regular expression.

    Args:
        template: The expression around the alternatives, which stand in the place of ``<>``; ``{key}`` stands for
            those of another key of the same file.
        flags: Of the expression.
    """
    return {"template": template, "flags": flags}
