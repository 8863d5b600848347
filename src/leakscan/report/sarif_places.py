"""Locations in the words of SARIF.

Code-scanning services refuse a log with a result that names no file.  A secret that sits
in no file (but in a commit message, a ref name, a dangling object) is therefore given an
artifact named after where it is, such as ``commit-message/1f0c...``, beside the logical
location that says what this is.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import quote

from leakscan.model import Finding, Kind, Location
from leakscan.sources.placing import INSIDE, outer_path, way_inside

if TYPE_CHECKING:
    from leakscan.report.documents import Document

_FILES = frozenset({Kind.BLOB, Kind.SYMLINK, Kind.PATH, Kind.STAGED, Kind.FILE})


def place_document(location: Location) -> Document:
    """Return a location as a SARIF location."""
    if location.path and location.kind in _FILES and (file := outer_path(location.path)):
        within = way_inside(location.path)
        if not within:
            return {"physicalLocation": _physical(location, _file(file))}
        logical = {
            "name": within,
            "fullyQualifiedName": location.path,
            "kind": "resource",
        }
        return {
            "physicalLocation": {"artifactLocation": _file(file)},
            "logicalLocations": [logical],
        }
    name = location.path or location.commit or location.object or ""
    if name.startswith(INSIDE):  # inside of an object that has no name
        name = (location.object or "") + name
    qualified = f"{location.kind.value}/{name}".rstrip("/")
    logical = {
        "name": name or location.kind.value,
        "fullyQualifiedName": qualified,
        "kind": location.kind.value,
    }
    return {
        "physicalLocation": _physical(location, {"uri": quote(qualified)}),
        "logicalLocations": [logical],
    }


def place_fingerprint(finding: Finding, location: Location) -> str:
    """Return what tells this sighting from others, and stays when its line moves."""
    place = (location.kind.value, location.path, location.commit or location.object)
    digest = hashlib.sha256("\0".join(part or "" for part in place).encode()).hexdigest()
    return f"{finding.fingerprint}:{digest[:16]}"


def _file(path: str) -> Document:
    if path.startswith("/"):
        return {"uri": "file://" + quote(path)}
    return {"uri": quote(path), "uriBaseId": "%SRCROOT%"}


def _physical(location: Location, artifact: Document) -> Document:
    physical: Document = {"artifactLocation": artifact}
    if location.line is not None:
        region = {"startLine": location.line}
        if location.column is not None:
            region["startColumn"] = location.column
        physical["region"] = region
    return physical
