"""The language that ships, loaded once for all tests."""

from pathlib import Path

from textcx.engines.language.folder import load_language

LANGUAGES = Path(__file__).parents[1] / "models" / "languages"
ENGLISH = load_language(LANGUAGES / "en")
NAMING, PAINS = ENGLISH.naming, ENGLISH.pains
STATEMENTS = PAINS.statements
