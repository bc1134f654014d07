"""``python -m api FILE``: write the OpenAPI document of the app with its default settings."""

import sys
from pathlib import Path

from .main import create_app
from .openapi import written

if __name__ == "__main__":
    Path(sys.argv[1]).write_text(written(create_app()), encoding="utf-8")
