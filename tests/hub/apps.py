"""GitHub Apps: a token for an hour to whoever signs with the app's key."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

import jwt

from hub.api import refusal
from hub.limits import HOUR
from hub.server import Answer

if TYPE_CHECKING:
    from hub.github import Hub

TEMPLATE = "/app/installations/{installation_id}/access_tokens"


def access_token(hub: Hub, path: str, signed: str) -> Answer:
    """Answer with a new token of an installation."""
    found = re.fullmatch(r"/app/installations/(\d+)/access_tokens", path)
    if not found:
        return refusal(None, 404, "Not Found")
    installation = int(found[1])
    for (app, known), key in hub.apps.items():
        if known != installation:
            continue
        try:
            options = {"verify_exp": False, "verify_iat": False}
            claims = jwt.decode(signed, key, algorithms=["RS256"], options=options)
        except jwt.InvalidTokenError:
            continue
        now = hub.now()
        if str(claims["iss"]) == str(app) and claims["iat"] <= now + 60 and claims["exp"] > now:
            token = f"test-app-{secrets.token_hex(16)}"
            hub.limits.add(token, core=15000)
            body = {
                "token": token,
                "expires_at": hub.moment(now + HOUR),
                "permissions": {"metadata": "read", "contents": "read"},
                "repository_selection": "all",
            }
            return Answer(201, body, {}, TEMPLATE)
    return refusal(TEMPLATE, 401, "A JSON web token could not be decoded")
