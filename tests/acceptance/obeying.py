"""A developer who does to the letter what the guard says of a push that it has stopped."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

    from hooked import Hooked


@dataclass(frozen=True)
class Obeying:
    """Does what is said.

    Attributes:
        work: where.
        said: what the guard says.
        secrets: what is to be taken out wherever the developer looks, instead of which comes "x".
    """

    work: Hooked
    said: str
    secrets: tuple[str, ...]
    done: list[str] = field(default_factory=list)

    def steps(self) -> list[list[str]]:
        """The numbered steps, each with the lines that belong to it."""
        lines = [line.removeprefix("remote: ").rstrip() for line in self.said.splitlines()]
        steps: list[list[str]] = []
        for line in lines[lines.index("What to do") + 1 :]:
            if begin := re.match(r"  \d+\. ", line):
                steps.append([line[begin.end() :]])
            elif line.startswith(" " * 11) and steps:  # what is to be typed, on a line of its own
                steps[-1][-1] += f"  {line.strip()}"
            elif line.startswith(" " * 9) and steps:
                steps[-1][-1] += f" {line.strip()}"
            elif line.startswith(" " * 5) and steps:
                steps[-1].append(line.strip())
        return steps

    def obey(self) -> list[str]:
        """Do it all; return the commands."""
        for first, *lines in self.steps():
            if first.startswith("Change "):
                self._change(first, lines)
            elif " the tag anew" in first:
                self._mend()
                self._run(first.partition("  ")[2])
            elif first.startswith(("Edit the note:", "Notes keep their history:")):
                self._run("".join([*first.split("  ")[1:], *lines]))
        return self.done

    def _change(self, first: str, lines: list[str]) -> None:
        branch = re.search(r" of branch (\S+?)(?: \(stash other changes first\))?:$", first)
        current = self.work.git("branch", "--show-current").stdout.strip()
        if branch and branch[1] != current:
            self._run(f"git switch {branch[1]}")
        begin = [line for line in lines if line.startswith("start:")]
        assert bool(begin) is ("then go on:  git rebase --continue" in lines)
        for line in lines:
            if line.startswith("make a branch there:"):
                self._run(line.partition("  ")[2])
        amending = [line for line in lines if "--amend" in line]
        if not begin:
            for line in amending:
                self._amend(line)
            return
        commits = re.findall(r"\b[0-9a-f]{7,}\b", first)
        self._run(begin[0].partition("  ")[2], self._list_edited(commits, lines))
        for _ in range(20):
            if not (self.work.path / ".git/rebase-merge").exists():
                return
            here = self.work.git("rev-parse", "HEAD").stdout
            for line in amending:
                named = re.findall(r"\b[0-9a-f]{7,}\b", line.partition("  ")[0])
                if "at each stop" in line or any(map(self._stopped_at, named)):
                    self._amend(line)
            assert self.work.git("rev-parse", "HEAD").stdout != here, self.said
            self._run("git rebase --continue")
        raise AssertionError(self.said)

    def _stopped_at(self, commit: str) -> bool:
        done = (self.work.path / ".git/rebase-merge/done").read_text().splitlines()
        last = next(line for line in reversed(done) if line.split()[0] in ("edit", "merge"))
        return commit in last

    def _list_edited(self, commits: list[str], lines: list[str]) -> str:
        """Return an editor for the list of a rebase."""
        said = " ".join(lines)
        script = []
        if 'change "pick" to "edit" before' in said:
            script += [f"s/^pick {commit}/edit {commit}/" for commit in commits]
        if "of a merge, add a line below it:  break" in said:
            script += [rf"/^merge -C {commit}/a break" for commit in commits]
        return shlex.join(["sed", "-i", *(f"-e{line}" for line in script)])

    def _amend(self, line: str) -> None:
        command = line.partition("  ")[2]
        if "take the token out of the file" in line:
            self._edit_files()
        if "mend user.name" in line:
            self._mend()
        if "`git mv OLD NEW`" in line:
            tracked = self.work.git("ls-files").stdout.splitlines()
            old = next(name for name in tracked if any(it in name for it in self.secrets))
            self._run(f"git mv {shlex.quote(old)} renamed")
        self._run(command)

    def _edit_files(self) -> None:
        for name in self.work.git("ls-files").stdout.splitlines():
            path = self.work.path / name
            path.write_text(self._clean(path.read_text()))

    def _clean(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "x")
        return text

    def _mend(self) -> None:
        self.work.git("config", "user.name", "Ann Author")

    def _run(self, command: str, sequence_editor: str = "false") -> None:
        self.done.append(command)
        clean = shlex.join(["sed", "-i", *(f"-es/{secret}/x/" for secret in self.secrets)])
        editors = {"GIT_EDITOR": clean, "GIT_SEQUENCE_EDITOR": sequence_editor}
        done = self._shell(command, editors)
        assert not done.returncode, f"{command}: {done.stdout}{done.stderr}"

    def _shell(self, command: str, editors: dict[str, str]) -> subprocess.CompletedProcess[str]:
        env = self.work.environment | editors
        return self.work.run("sh", "-c", command, env=env)
