"""Find and render the templates: an operator's before ours, an owner's language before all.

An operator's template is code of theirs that strangers' texts run through.  It is rendered in
a sandbox, an unknown variable is an error, and every error names file and line.
"""

from __future__ import annotations

import re
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import (
    ChoiceLoader,
    FileSystemLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
    select_autoescape,
)
from jinja2.sandbox import SandboxedEnvironment

from leakscan.errors import UsageError
from leakscan.respond.mail.letter import in_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OURS = Path(__file__).parent / "templates"
SUBJECT, TEXT, HTML = "leak.subject.txt", "leak.txt", "leak.html"

_TAG = re.compile(r"([A-Za-z]{2,3})((?:[-_][A-Za-z0-9]{1,8}){0,4})")


class Templates:
    """The templates that an operator's folder, if any, and the package hold."""

    def __init__(self, folder: Path | None) -> None:
        self._folders = [OURS] if folder is None else [folder, OURS]
        self._environment = SandboxedEnvironment(
            loader=ChoiceLoader([FileSystemLoader(path) for path in self._folders]),
            undefined=StrictUndefined,
            autoescape=select_autoescape(("html",), default=False),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["in_words"] = in_words

    def render(self, name: str, locale: str | None, variables: Mapping[str, object]) -> str:
        """Render one of `SUBJECT`, `TEXT` and `HTML`.

        Args:
            name: which.
            locale: the owner's language; what is no BCP 47 tag counts as none.
            variables: as `letter` makes them.

        Raises:
            UsageError: the template is broken; file and line are named.
        """
        choices = [f"{folder}/{name}" for folder in locale_folders(locale)] + [name]
        try:
            return self._environment.select_template(choices).render(variables)
        except TemplateSyntaxError as error:
            raise _broken(f"{error.filename}:{error.lineno}", str(error.message)) from None
        except TemplateNotFound as error:
            raise _broken(self._line(error, choices), f"no template {error.name}") from None
        except Exception as error:  # noqa: BLE001 - a template is code, which can raise anything
            raise _broken(self._line(error, choices), str(error)) from None

    def _line(self, error: Exception, choices: Sequence[str]) -> str:
        """Name the innermost line of a template in the trace, which Jinja rewrites to that.

        A file that cannot even be read has no line.
        """
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if any(Path(frame.filename).is_relative_to(folder) for folder in self._folders):
                return f"{frame.filename}:{frame.lineno}"
        files = (folder / choice for choice in choices for folder in self._folders)
        return str(next(file for file in files if file.exists()))


def locale_folders(locale: str | None) -> list[str]:
    """Name the folders for a language tag, the closest first: ``de-AT``, ``de``.

    Each part is letters and digits only, so that no tag leads out of the folder.
    """
    tag = _TAG.fullmatch(locale or "")
    if tag is None:
        return []
    parts = [tag[1].lower()]
    for part in re.split("[-_]", tag[2])[1:]:
        usual = {2: part.upper(), 4: part.title()}  # a region, a script
        parts.append(usual.get(len(part), part.lower()))
    return ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _broken(where: str, why: str) -> UsageError:
    return UsageError(f"{where}: broken template: {' '.join(why.split())}", "see docs/mail.md")
