"""``python -m textcx``."""

from textcx.cli import main

main()
