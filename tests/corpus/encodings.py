"""Encoders, one a row of the page: what the standard library writes, or three lines of our own."""

from __future__ import annotations

import base64
import binascii
import email.quoprimime
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

Encode = Callable[[bytes, int], bytes]
"""Encodes some data; also given the offset of what matters in it."""

QUOTED = (b'secret: "', b'"\nlast: line\n')
BLOCK = (b"Secret:\n\n", b"\n\nlast: line\n")
WHOLE = (b"", b"")
ALIGNMENTS = 3


@dataclass(frozen=True, slots=True)
class Encoding:
    """One way to write bytes down.

    Attributes:
        name: the row of the page.
        encode: writes them.
        frame: what stands around that in a file; nothing where the file is encoded as a whole.
        is_wide: whether what it gives is full of NULs.
        takes_nul: whether it can write a NUL.
        is_opaque: whether nothing shows where in it the token stands.
        nests: whether it is tried in each other that nests, and around it.
        period: bytes of a line: what matters can stand anywhere in one, and be broken anywhere.
    """

    name: str
    encode: Encode
    frame: tuple[bytes, bytes] = QUOTED
    is_wide: bool = False
    takes_nul: bool = True
    is_opaque: bool = False
    nests: bool = True
    period: int = 1


def _aligned(encode: Callable[[bytes], bytes], alignment: int) -> Encode:
    def encoded(data: bytes, at: int) -> bytes:
        return encode(b" " * ((alignment - at) % ALIGNMENTS) + data)

    return encoded


def _plain(encode: Callable[[bytes], bytes]) -> Encode:
    return lambda data, _at: encode(data)


def _wrapped(data: bytes, width: int, between: bytes) -> bytes:
    line = base64.b64encode(data)
    return between.join(line[at : at + width] for at in range(0, len(line), width))


def _each(form: str) -> Encode:
    """Write each byte as a number."""
    return lambda data, _at: "".join(form.format(byte) for byte in data).encode()


def _only(special: bytes, form: str) -> Encode:
    """Write some characters as numbers, and what cannot be printed; all others as they are."""

    def encode(data: bytes, _at: int) -> bytes:
        return b"".join(
            form.format(byte).encode()
            if byte in special or (not 32 <= byte < 127 and byte not in b"\r\n")
            else bytes((byte,))
            for byte in data
        )

    return encode


def _named(data: bytes) -> bytes:
    return data.replace(b"&", b"&amp;").replace(b"_", b"&lowbar;")


def _percent(data: bytes) -> bytes:
    rest = bytes(byte for byte in range(33, 127) if byte not in b"_%").decode()
    return quote(data, safe=rest).replace("_", "%5F").encode()


def _json(data: bytes) -> bytes:
    return json.dumps(_wrapped(data, 64, b"\n").decode())[1:-1].encode()


def _soft_breaks(data: bytes, at: int) -> bytes:
    """Encode as mail programs do, in lines of a length such that one ends within what matters."""
    for length in range(76, 20, -1):
        body, before, behind = (
            email.quoprimime.body_encode(part.decode("latin-1"), maxlinelen=length)
            for part in (data, data[: at + 8], data[: at + 36])
        )
        if before.count("=\n") < behind.count("=\n"):
            return body.encode()
    raise AssertionError("no line ends there")


def _all_quoted(data: bytes) -> bytes:
    words = [f"={byte:02X}" for byte in data]
    return "=\r\n".join("".join(words[at : at + 25]) for at in range(0, len(words), 25)).encode()


def _zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner/app.env", data)
    return file.getvalue()


def _hex_list(data: bytes) -> bytes:
    return ", ".join(f"0x{byte:02x}" for byte in data).encode()


def _wide(codec: str, mark: bytes = b"") -> Encode:
    return lambda data, _at: mark + data.decode("latin-1").encode(codec)


_b64, _url = base64.b64encode, base64.urlsafe_b64encode

ENCODINGS = (
    *(Encoding(f"base64, alignment {n}", _aligned(_b64, n)) for n in range(ALIGNMENTS)),
    *(Encoding(f"base64url, alignment {n}", _aligned(_url, n)) for n in range(ALIGNMENTS)),
    Encoding("base64 without padding", _plain(lambda data: _b64(data + b"!").rstrip(b"="))),
    Encoding("base64url without padding", _plain(lambda data: _url(data + b"!").rstrip(b"="))),
    Encoding(
        "base64, lines of 76 (MIME)",
        _plain(lambda data: _wrapped(data, 76, b"\r\n")),
        BLOCK,
        period=57,
        nests=False,
    ),
    Encoding(
        "base64, lines of 64 (PEM)",
        _plain(lambda data: _wrapped(data, 64, b"\n")),
        BLOCK,
        period=48,
        nests=False,
    ),
    Encoding(
        "base64, lines in YAML",
        _plain(lambda data: _wrapped(data, 76, b"\n      ")),
        (b"data:\n  secret: |\n      ", b"\n  last: line\n"),
        period=57,
        nests=False,
    ),
    Encoding("base64, lines in JSON", _plain(_json), period=48, nests=False),
    Encoding("hex, lower case", _plain(binascii.hexlify)),
    Encoding("hex, upper case", _plain(lambda data: data.hex().upper().encode())),
    Encoding("hex, spaced", _plain(lambda data: data.hex(" ").encode()), nests=False),
    Encoding("hex with colons", _plain(lambda data: data.hex(":").encode()), nests=False),
    Encoding("hex, list of 0x", _plain(_hex_list), (b"char s[] = { ", b" };\n"), nests=False),
    Encoding("percent-encoding of all", _each("%{:02X}")),
    Encoding("percent-encoding of `_`", _plain(_percent), nests=False),
    Encoding("`\\u0072` (JSON)", _each("\\u{:04x}")),
    Encoding("`\\x72` (JavaScript)", _each("\\x{:02x}")),
    Encoding("`\\u{72}`", _each("\\u{{{:x}}}"), nests=False),
    Encoding("`\\162` (octal)", _each("\\{:03o}")),
    Encoding("`\\u005f` for `_`", _only(b'_"\\', "\\u{:04x}"), nests=False),
    Encoding("`&#114;`", _each("&#{};"), takes_nul=False),
    Encoding("`&#x72;`", _each("&#x{:x};"), takes_nul=False),
    Encoding("`&lowbar;`", _plain(_named), takes_nul=False, nests=False),
    Encoding("quoted-printable", _plain(_all_quoted), BLOCK, period=25),
    Encoding("quoted-printable of `_`", _only(b"_=", "={:02X}"), BLOCK, nests=False),
    Encoding("quoted-printable, soft line breaks", _soft_breaks, BLOCK, nests=False),
    Encoding("UTF-16LE", _wide("utf-16-le"), WHOLE, is_wide=True),
    Encoding("UTF-16BE", _wide("utf-16-be"), WHOLE, is_wide=True),
    Encoding("UTF-16LE with BOM", _wide("utf-16-le", b"\xff\xfe"), WHOLE, is_wide=True),
    Encoding("UTF-16BE with BOM", _wide("utf-16-be", b"\xfe\xff"), WHOLE, is_wide=True),
    Encoding("UTF-32LE", _wide("utf-32-le"), WHOLE, is_wide=True, nests=False),
    Encoding("UTF-32BE", _wide("utf-32-be"), WHOLE, is_wide=True, nests=False),
    Encoding(
        "UTF-32LE with BOM", _wide("utf-32-le", b"\xff\xfe\0\0"), WHOLE, is_wide=True, nests=False
    ),
    Encoding(
        "UTF-32BE with BOM", _wide("utf-32-be", b"\0\0\xfe\xff"), WHOLE, is_wide=True, nests=False
    ),
    Encoding("base64 in base64", _plain(lambda data: _b64(_b64(data))), nests=False),
    Encoding(
        "base64 of UTF-16LE (PowerShell)",
        _plain(lambda data: _b64(data.decode("latin-1").encode("utf-16-le"))),
        (b"powershell -EncodedCommand ", b"\n"),
        nests=False,
    ),
    Encoding(
        "gzip in base64",
        _plain(lambda data: _b64(gzip.compress(data, mtime=0))),
        is_opaque=True,
        nests=False,
    ),
    Encoding(
        "gzip in base64 in base64 (Helm)",
        _plain(lambda data: _b64(_b64(gzip.compress(data, mtime=0)))),
        is_opaque=True,
        nests=False,
    ),
    Encoding(
        "gzip in hex",
        _plain(lambda data: binascii.hexlify(gzip.compress(data, mtime=0))),
        is_opaque=True,
        nests=False,
    ),
    Encoding(
        "zip in base64",
        _plain(lambda data: _b64(_zipped(data))),
        is_opaque=True,
        nests=False,
    ),
)
"""All encodings, in the order of the page."""


def encoded(data: bytes, twin: bytes, *encodings: Encoding) -> tuple[bytes, int | None]:
    """Encode one way after the other, as whole files.

    Args:
        data: what is encoded.
        twin: the same but for the first character that matters.
        encodings: the ways, the innermost first.

    Returns:
        The file, and the offset where what matters begins; `None` where nothing shows that.
    """
    at = _difference(data, twin)
    shows = True
    for way in encodings:
        before, after = way.frame
        data, twin = (before + way.encode(each, at) + after for each in (data, twin))
        at = _difference(data, twin)
        shows = shows and not way.is_opaque
    return data, at if shows else None


def possible(inner: Encoding, outer: Encoding) -> bool:
    """Tell whether one encoding can write what another gives."""
    return outer.takes_nul or not inner.is_wide


def _difference(one: bytes, other: bytes) -> int:
    return next(n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
