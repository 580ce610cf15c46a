"""The pages of `store4.py`: what both begin with, and what each of them draws."""

from pathlib import Path

FOLDER = Path(__file__).parent


def page(name: str) -> str:
    return (FOLDER / "begin.html").read_text("utf-8") + (FOLDER / name).read_text("utf-8")
