"""``python -m textcx``."""

from textcx.cli.app import main

main()
