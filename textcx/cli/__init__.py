"""The command line: arguments in, exit code out. Nothing heavy is imported before a command runs."""

from textcx.cli.app import app, main

__all__ = ["app", "main"]
