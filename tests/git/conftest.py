"""Lets tests in the folders below import the modules of this one."""

from __future__ import annotations
