"""Pages out of templates.  Every value is escaped, and a missing one is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from leakscan.issuer.forms import form_key, signed_in
from leakscan.model import PUBLIC
from leakscan.surfaces import surface

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from starlette.requests import Request

    from leakscan.errors import LeakscanError


class Renderer:
    """Fills the templates of this package in."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=PackageLoader("leakscan.issuer"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {"moment": _moment, "surface": surface, "exposure": _exposure}

    def page(
        self,
        request: Request,
        template: str,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> HTMLResponse:
        """Return a page; every template knows the session's form key and who is signed in."""
        text = self._templates.get_template(template).render(
            form_key=form_key(request.session),
            is_signed_in=signed_in(request.session) is not None,
            **values,
        )
        return HTMLResponse(text, status, headers)


def sentence(error: LeakscanError) -> str:
    """Return an error as a sentence for a page."""
    text = str(error)
    return f"{text[0].upper()}{text[1:]}."


def _moment(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def _exposure(exposure: str) -> str:
    if exposure == PUBLIC:
        return "It was found in a public repository."
    return f"There was a sign that it is in the wrong hands: {exposure}."
