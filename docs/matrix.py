"""Writes the tables of docs/detection.md anew: ``python docs/matrix.py``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/acceptance")]

from corpus.matrix import Matrix, matrix  # noqa: E402 - after the path to it
from corpus.sample import Group  # noqa: E402
from gitrepo import GitRepo  # noqa: E402

PAGE = ROOT / "docs/detection.md"
START, END = "<!-- {}: written by docs/matrix.py -->", "<!-- end -->"
TABLES = (Group.ENCODING, Group.SPELLING, Group.CONTAINER)


def filled(page: str, made: Matrix) -> str:
    """Return the page with these tables."""
    for group in TABLES:
        start = START.format(group)
        before, found, rest = page.partition(start)
        if not found:
            raise SystemExit(f"{PAGE.name} has no place for the table {group}")
        _, _, after = rest.partition(END)
        page = f"{before}{start}\n\n{made.table(group)}\n\n{END}{after}"
    return page


def main() -> None:
    """Fill in the page, and say what is not found."""
    with tempfile.TemporaryDirectory() as folder:
        repo = GitRepo.init(Path(folder) / "repo")
        repo.add("README.md", "Nothing to see here.\n")
        made = matrix(repo)
    PAGE.write_text(filled(PAGE.read_text(), made))
    print(f"{len(made.gaps)} gaps", *made.gaps, sep="\n")


if __name__ == "__main__":
    main()
