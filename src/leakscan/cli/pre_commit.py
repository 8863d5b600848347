"""``leakscan pre-commit``."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leakscan.cli.guarding import Guarded, GuardOptions, guard, guard_options
from leakscan.occasion import is_asked, is_framework_by_hand, names_commits
from leakscan.places import checkout_root
from leakscan.report.guard import Occasion, Way
from leakscan.report.guard_steps import out_of_files, out_of_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leakscan.model import Finding
    from leakscan.report.guard_steps import Step


@click.command("pre-commit")
@guard_options
def pre_commit(options: GuardOptions) -> int:
    """Stop a commit that would add a token.

    Looks at what is staged as it is staged, whatever the files are now. A token that stands in
    HEAD already stops nothing, and is mentioned. Nothing is written where nothing is found.

    Under the pre-commit framework, `pre-commit run --all-files` has it look at all tracked files,
    and `--from-ref` and `--to-ref` at the commits between.

    Exit status: 0 the commit may be made, 1 it would add a token, 2 wrong usage, 3 an error, or
    not all could be read.
    """
    from leakscan.sources.staged import scan_staged, scan_tracked, staged_changes

    if names_commits():
        from leakscan.cli.pushing import pushed_by_framework

        return guard(pushed_by_framework(), options)
    changes = staged_changes()
    if not changes and is_framework_by_hand():
        way = Way(Occasion.FILES, out_of_files, again="leakscan scan --no-history .")
        return guard(Guarded("the tracked files", way, scan_tracked), options)
    again = "" if _is_temporary() else "leakscan pre-commit"
    way = Way(Occasion.COMMIT, _taking_out, by_hand=is_asked(), again=again)
    staged = {change.path for change in changes}
    look = partial(scan_staged, changes)
    return guard(Guarded("what is staged", way, look, staged=staged), options)


def _taking_out(findings: Sequence[Finding]) -> list[Step]:
    from leakscan.git.own import ask, has

    at_top = checkout_root(".") == str(Path.cwd()) and not os.environ.get("GIT_PREFIX")
    applying = ask("rev-parse", "--git-path", "rebase-apply/applying", doing="look for patches")
    return out_of_index(
        findings,
        has_head=has("HEAD"),
        at_top=at_top,
        is_temporary=_is_temporary(),
        is_patch=Path(os.fsdecode(applying.removesuffix(b"\n"))).exists(),  # `git am` makes it
    )


def _is_temporary() -> bool:
    """Whether it is staged for this one commit only.

    `git commit -a`, or of some paths, stages in a copy of the index that is not one yet.
    """
    return os.environ.get("GIT_INDEX_FILE", "").endswith(".lock")
