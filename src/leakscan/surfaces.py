"""What a secret stood in, in words for its owner."""

from __future__ import annotations

from leakscan.model import Kind

_SURFACES: dict[str, str] = {
    Kind.BLOB: "file",
    Kind.SYMLINK: "symbolic link",
    Kind.NOTE: "git note",
    Kind.COMMIT_MESSAGE: "commit message",
    Kind.COMMIT_HEADER: "header of a commit",
    Kind.IDENTITY: "name of an author",
    Kind.TAG_MESSAGE: "tag message",
    Kind.PATH: "file name",
    Kind.REF_NAME: "name of a branch or tag",
    Kind.REFLOG: "reflog",
    Kind.GIT_FILE: "file of git itself",
    Kind.STAGED: "staged file",
    Kind.FILE: "file",
    Kind.STDIN: "text",
    Kind.EVENT: "issue, comment or other text",
}


def surface(kind: str) -> str:
    """Return the words for a kind; a kind that this version does not know is a place."""
    return _SURFACES.get(kind, "place")
