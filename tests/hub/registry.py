"""The accounts and repositories of the small GitHub, and what becomes of them."""

from __future__ import annotations

import itertools
import re
import shutil
import threading
from typing import TYPE_CHECKING

from gitrepo import GitRepo
from hub.accounts import Account
from hub.backend import GitFault, GitServer
from hub.repository import HubRepository

if TYPE_CHECKING:
    from pathlib import Path


class Registry:
    """Knows who and what there is, and lets git see what everybody may see.

    Args:
        root: an empty folder; public repositories lie in ``root/repositories/OWNER/NAME.git``.

    Attributes:
        root: where those are.
        names: ids of repositories by all names that they have or had, in lower case.
        git_server: serves them.
    """

    def __init__(self, root: Path) -> None:
        self.accounts: dict[str, Account] = {}
        self.repositories: dict[int, HubRepository] = {}
        self.names: dict[str, int] = {}
        self.root = root / "repositories"
        self._hidden = root / "hidden"
        for folder in (self.root, self._hidden):
            folder.mkdir(parents=True, exist_ok=True)
        self.git_server = GitServer(self.root)
        self._ids = itertools.count(700_000_001)
        self._clock = itertools.count(1_750_000_000, 60)
        self._lock = threading.RLock()

    def new_id(self) -> int:
        """Return a number that nothing here has yet."""
        return next(self._ids)

    def account(self, login: str, *, is_organization: bool = False) -> Account:
        """Return an account, made if nobody has this name."""
        with self._lock:
            known = self.accounts.get(login.lower())
            if known is None:
                known = Account(self.new_id(), login, is_organization)
                self.accounts[login.lower()] = known
            return known

    def actor_of(self, repository: HubRepository) -> Account:
        """Return who does what is done in a repository: organisations do nothing themselves."""
        owner = repository.owner
        return self.account(f"{owner.login}-member") if owner.is_organization else owner

    def repository(
        self, full_name: str, *, organization: bool = False, private: bool = False
    ) -> HubRepository:
        """Make an empty repository; nobody is told."""
        login, name = full_name.split("/")
        owner = self.account(login, is_organization=organization)
        identity = self.new_id()
        parent = self._hidden if private else self.root / login
        path = parent / (f"{identity}.git" if private else f"{name}.git")
        git = GitRepo.init(path, "--bare", "--initial-branch=main")
        made = HubRepository(identity, owner, name, git, self._clock, private=private)
        self._let_git_see(made)
        if private:
            self._answer_git(made, self._login_wanted())
        with self._lock:
            self.repositories[identity] = made
            self.names[full_name.lower()] = identity
        return made

    def find(self, full_name: str) -> HubRepository | None:
        """Return the repository that has or had this name."""
        return self.repositories.get(self.names.get(full_name.lower(), 0))

    def _move(self, repository: HubRepository, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(repository.path, path)
        repository.git.path = path

    def _hide(self, repository: HubRepository, fault: GitFault) -> None:
        """Take a repository from who is not known; git is told so as GitHub does."""
        self._move(repository, self._hidden / f"{repository.id}.git")
        self._answer_git(repository, fault)

    def _answer_git(self, repository: HubRepository, fault: GitFault) -> None:
        fault.pattern = re.escape(f" /{repository.full_name}.git/")
        self.git_server.faults.insert(0, fault)

    def _let_git_see(self, repository: HubRepository) -> None:
        """Forget what git was told of the name before."""
        pattern = re.escape(f" /{repository.full_name}.git/")
        faults = self.git_server.faults
        faults[:] = [fault for fault in faults if fault.pattern != pattern]
        self.git_server.moved.pop(f"/{repository.full_name}.git", None)

    def _login_wanted(self) -> GitFault:
        headers = {"WWW-Authenticate": 'Basic realm="GitHub"'}
        return GitFault(status=401, headers=headers, body=b"Repository not found.")

    def delete(self, repository: HubRepository) -> None:
        """Delete a repository; its events stay in the feeds."""
        repository.deleted = True
        self._hide(repository, self._login_wanted())

    def make_private(self, repository: HubRepository) -> None:
        """Make a repository private; its events stay in the feeds."""
        repository.private = True
        self._hide(repository, self._login_wanted())

    def open_up(self, repository: HubRepository) -> None:
        """Let everybody see a private repository."""
        repository.private = False
        self._let_git_see(repository)
        self._move(repository, self.root / f"{repository.full_name}.git")

    def block(self, repository: HubRepository, reason: str = "dmca") -> None:
        """Block a repository."""
        repository.blocked = reason
        notice = f"Repository unavailable due to {reason} takedown.\n".encode()
        self._hide(repository, GitFault(status=451, body=notice))

    def rename(self, repository: HubRepository, full_name: str) -> None:
        """Give a repository another name; the old one leads to it."""
        old = repository.full_name
        login, repository.name = full_name.split("/")
        repository.owner = self.account(login)
        self._move(repository, self.root / f"{full_name}.git")
        self.git_server.moved[f"/{old}.git"] = f"/{full_name}.git"
        self.names[full_name.lower()] = repository.id
