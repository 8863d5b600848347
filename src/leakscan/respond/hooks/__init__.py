"""Disable hooks: how the issuer is asked to disable a token."""

from __future__ import annotations

from leakscan.respond.hooks.contract import DisableRequest, Hook
from leakscan.respond.hooks.settings import read_hooks

__all__ = ["DisableRequest", "Hook", "read_hooks"]
