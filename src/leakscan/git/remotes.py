"""The remotes of the repository that its user works in."""

from __future__ import annotations

from dataclasses import dataclass

from leakscan.git.own import ask, settings


@dataclass(frozen=True, slots=True)
class Remote:
    """What a push can go to.

    Attributes:
        name: under which it is configured; empty if it is not.
        tracked: the commits that it had when it was last heard of, as git-rev-list(1) takes them.
        promises: whether it has all that a partial clone left out.
    """

    name: str = ""
    tracked: tuple[str, ...] = ()
    promises: bool = False

    def has_been_heard_of(self) -> bool:
        """Whether any commit is known to be there.

        Raises:
            TargetError: git cannot tell.
        """
        return bool(ask("rev-list", "--max-count=1", *self.tracked, doing="list remote branches"))


def find_remote(name: str, url: str) -> Remote:
    """Find the remote that a push goes to; of one that is not configured nothing is known.

    Args:
        name: of the remote; its URL, where it is none that is configured.
        url: where it is.

    Raises:
        TargetError: git cannot read its configuration, or is not there.
    """
    configured = settings(r"^remote\..*\.(url|pushurl|promisor|fetch)$")
    by_key = {key.removeprefix("remote."): value for key, value in configured.items()}
    names = {key.rpartition(".")[0] for key in by_key}
    if name not in names:
        places = (f"{it}.{key}" for it in sorted(names) for key in ("pushurl", "url"))
        there = (place for place in places if url and by_key.get(place) == url)
        name = next(there, "").rpartition(".")[0]
    if not name:
        return Remote()
    # The refs of a remote "a/b" lie among those of a remote "a".
    others = sorted(other for other in names if other.startswith(f"{name}/"))
    tracked = [f"--exclude={other}/*" for other in others]
    is_promisor = by_key.get(f"{name}.promisor", "").lower() in ("true", "yes", "on", "1")
    return Remote(name, (*tracked, f"--remotes={name}"), is_promisor)


def usual_remote() -> str:
    """Return the name of the remote that the current branch is pushed to.

    Raises:
        TargetError: git cannot tell.
    """
    wanted = "--format=%(if)%(HEAD)%(then)%(push:remotename)%(end)"
    return ask("for-each-ref", wanted, "refs/heads", doing="list branches").decode().strip()
