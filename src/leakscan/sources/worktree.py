"""The files of a work tree that its index does not hold as they are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from leakscan.git.damage import DamagedError
from leakscan.git.index import IndexEntry, read_index
from leakscan.git.program import run_git
from leakscan.git.texts import readable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leakscan.git.layout import Layout
    from leakscan.sources.sighting import Tally

_GITLINK = 0o160000
_TYPE = 0o170000


def staged_entries(git_dir: Path, hash_size: int) -> Iterator[IndexEntry]:
    """Yield what is staged, submodules left out: they are repositories of their own.

    Raises:
        DamagedError, OSError: as `read_index`.
    """
    return (entry for entry in read_index(git_dir / "index", hash_size) if _is_file(entry))


def is_inside(path: bytes) -> bool:
    """Whether a path stays below the folder that it is relative to."""
    return not path.startswith(b"/") and b".." not in path.split(b"/")


def _is_file(entry: IndexEntry) -> bool:
    """Tell files and symlinks from submodules and from folders of a sparse index."""
    return entry.mode & _TYPE != _GITLINK and not entry.path.endswith(b"/")


class WorkTree:
    """A checked-out tree and its index.

    Args:
        layout: the repository, which is not bare.
        tally: told what cannot be read.

    Attributes:
        entries: what is staged.
        nested: folders that are repositories of their own, such as submodules; complete
            after `untracked_files`.
    """

    def __init__(self, layout: Layout, tally: Tally) -> None:
        assert layout.work_tree  # noqa: S101 - the caller's duty
        self.root = layout.work_tree
        self._layout = layout
        self._tally = tally
        self._all_changed = False
        self.entries: list[IndexEntry] = []
        self.nested: list[Path] = []
        try:
            for entry in read_index(layout.git_dir / "index", layout.hash_size):
                if not is_inside(entry.path):
                    tally.skip(f"staged {readable(entry.path)}", "it lies outside the work tree")
                elif _is_file(entry):
                    self.entries.append(entry)
                else:
                    self.nested.append(self._file(entry))
        except (DamagedError, OSError) as error:
            tally.skip("the index", str(error))
            self._all_changed = True

    def tracked_files(self) -> Iterator[Path]:
        """Yield every tracked file that is there."""
        for entry in self.entries:
            if self._state(entry) and self._is_within(entry):
                yield self._file(entry)

    def changed_files(self) -> Iterator[Path]:
        """Yield the tracked files that differ from what is staged, as far as git would see."""
        try:
            written = (self._layout.git_dir / "index").stat().st_mtime_ns
        except OSError:
            written = 0
        for entry in self.entries:
            now = self._state(entry)
            if now and not entry.is_unchanged(now, written) and self._is_within(entry):
                yield self._file(entry)

    def untracked_files(self, *, ignored: bool) -> Iterator[Path]:
        """Yield the files that are not tracked, nor ignored unless those are wanted.

        Where the index cannot be read, that is every file that is not ignored.
        """
        done = run_git(
            f"--git-dir={self._layout.git_dir}", f"--work-tree={self.root}",
            "ls-files", "-z", "--others", *([] if ignored else ["--exclude-standard"]),
            cwd=self.root, variables=self._without_index(),
        )  # fmt: skip
        if done.returncode:
            reason = done.stderr.decode("utf-8", "replace").strip().splitlines()
            self._tally.skip("untracked files", reason[-1] if reason else "git ls-files failed")
        elif b"could not open" in done.stderr:
            self._tally.skip("some untracked files", readable(done.stderr).strip())
        for name in done.stdout.split(b"\0"):
            path = self.root / os.fsdecode(name)
            if name.endswith(b"/"):
                self.nested.append(path)
            elif name:
                yield path

    def _without_index(self) -> dict[str, str]:
        return {"GIT_INDEX_FILE": os.devnull + ".none"} if self._all_changed else {}

    def _is_within(self, entry: IndexEntry) -> bool:
        """Whether no symlink on its way leads a path out of the work tree."""
        return self._file(entry).parent.resolve().is_relative_to(self.root.resolve())

    def _state(self, entry: IndexEntry) -> os.stat_result | None:
        """Return what a tracked file is now; nothing if it was removed."""
        try:
            return self._file(entry).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self._tally.skip(f"file {self._file(entry)}", error.strerror or str(error))
            return None

    def _file(self, entry: IndexEntry) -> Path:
        return self.root / os.fsdecode(entry.path)
