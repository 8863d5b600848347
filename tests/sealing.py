"""Archives for tests: some that can be opened, and one that nobody can."""

from __future__ import annotations

import base64
import gzip
import io
import zipfile

_LOCAL, _CENTRAL = b"PK\x03\x04", b"PK\x01\x02"
_FLAGS = {_LOCAL: 6, _CENTRAL: 8}
"""Where the flags are, from the signature of a header on (APPNOTE.TXT, 4.3)."""


def zipped(**members: str | bytes) -> bytes:
    """Return a zip archive; a double underscore in a name stands for a slash, one for a dot."""
    return zipped_files({_named(name): content for name, content in members.items()})


def zipped_files(members: dict[str, str | bytes]) -> bytes:
    """Return a zip archive, the same one every time."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return raw.getvalue()


def sealed(name: str = "secret.txt") -> bytes:
    """Return a zip archive whose one member says that it is encrypted."""
    data = bytearray(zipped_files({name: "x" * 100}))
    for signature, flags in _FLAGS.items():
        data[data.index(signature) + flags] |= 1
    return bytes(data)


def sealed_text() -> str:
    """Return such an archive as it is written in a text."""
    return base64.b64encode(sealed()).decode()


def gzipped(content: str, name: str = "") -> bytes:
    """Return a text as gzip, the same one every time; without a name it is as from a pipe."""
    raw = io.BytesIO()
    with gzip.GzipFile(name, "wb", fileobj=raw, mtime=0) as file:
        file.write(content.encode())
    return raw.getvalue()


def _named(name: str) -> str:
    return name.replace("__", "/").replace("_", ".")
