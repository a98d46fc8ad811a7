"""Every Python block in README and docs runs as it stands."""

import re
from pathlib import Path

import keras
import pytest
from nets import mlp, regression_data

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [
    pytest.param(block, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.S))
]


@pytest.mark.tensorflow_only
@pytest.mark.parametrize("block", BLOCKS)
def test_block_runs(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x, y = regression_data(64)
    exec(compile(block, "block", "exec"), {"model": mlp(), "x": x, "y": y, "keras": keras})


def test_there_are_blocks():
    assert len(BLOCKS) > 10
