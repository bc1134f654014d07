from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(notebook: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbmake", "-q", "-p", "no:randomly", "-W", "ignore", str(notebook)],
        check=False, capture_output=True, text=True, cwd=notebook.parent,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-3000:]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_a_notebook_shows_is_no_error_and_names_no_place_of_the_machine_it_ran_on(notebook: Path) -> None:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    shown = [output for cell in cells for output in cell.get("outputs", ())]
    assert "error" not in {output["output_type"] for output in shown}
    place = re.compile(r"(?<![\w.])/(?:tmp|home|root|Users|var|usr|opt|mnt|work)/|(?:localhost|127\.0\.0\.1):\d")
    assert not place.search(json.dumps(shown))
