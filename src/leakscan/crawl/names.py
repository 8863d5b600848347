"""The names of GitHub, as patterns: of accounts, repositories, refs and commits."""

from __future__ import annotations

ACCOUNT = "[A-Za-z0-9_-]{1,100}"
"""Of users and organisations; old ones may begin with a hyphen, managed ones have an underscore."""

REPOSITORY = rf"{ACCOUNT}/(?!\.{{1,2}}\Z)[A-Za-z0-9._-]{{1,100}}"
"""``owner/name``, at the end of a text: ``.`` and ``..`` are no names."""

REF = r"refs/(?!/|.*(?:\.\.|//|@\{))[^\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]{1,1000}(?<![/.])"
"""The full name of a ref: what git-check-ref-format allows, as far as it matters on the wire."""

COMMIT = "[0-9a-f]{40}(?:[0-9a-f]{24})?"
"""The id of an object, SHA-1 or SHA-256."""

CREDENTIAL = "gh[a-z]_|github_pat_"
"""How a token of GitHub's own begins, which may stand where a name belongs."""
