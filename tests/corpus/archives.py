"""Archives and compressed files, written by the standard library and by the usual packages."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import tarfile
import zipfile

APP = "inner/app.env"


File = tuple[str, bytes]
"""A name, and what is in the file."""


def zipped(content: bytes, name: str = APP, *others: File, stored: bool = False) -> bytes:
    """Write a zip archive with a file, and with others before it."""
    file = io.BytesIO()
    method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(file, "w", method) as archive:
        for path, value in (*others, (name, content)):
            archive.writestr(_entry(path), value, method)
    return file.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))


def tarred(content: bytes, name: str = APP, *others: File) -> bytes:
    """Write a tar archive with a file, and with others before it."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for path, value in (*others, (name, content)):
            member = tarfile.TarInfo(path)
            member.size = len(value)
            archive.addfile(member, io.BytesIO(value))
    return file.getvalue()


def deb(content: bytes) -> bytes:
    """Write a Debian package (deb(5)), which is an archive of ar's."""
    members = {
        "debian-binary": b"2.0\n",
        "control.tar.xz": xzipped(tarred(b"Package: app\n", "./control")),
        "data.tar.xz": xzipped(tarred(content)),
    }
    data = b"!<arch>\n"
    for name, packed in members.items():
        data += f"{name:16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(packed):<10}`\n".encode() + packed
        data += b"\n" * (len(packed) % 2)
    return data


def gzipped(content: bytes, name: str = "") -> bytes:
    """Compress as ``gzip`` does, with the name of a file or none."""
    file = io.BytesIO()
    with gzip.GzipFile(name, "wb", fileobj=file, mtime=0) as stream:
        stream.write(content)
    return file.getvalue()


def bzipped(content: bytes) -> bytes:
    """Compress as ``bzip2`` does."""
    return bz2.compress(content)


def xzipped(content: bytes) -> bytes:
    """Compress as ``xz`` does."""
    return lzma.compress(content)


def zstd(content: bytes) -> bytes:
    """Compress as ``zstd`` does."""
    if sys.version_info >= (3, 14):
        from compression import zstd as library
    else:
        from backports import zstd as library
    return library.compress(content)


def seven_zipped(content: bytes) -> bytes:
    """Write a 7z archive with one file."""
    import py7zr

    file = io.BytesIO()
    with py7zr.SevenZipFile(file, "w") as archive:
        archive.writestr(content, APP)
    return file.getvalue()


def docx(content: bytes) -> bytes:
    """Write what a text processor would, with the content as one text."""
    from xml.sax.saxutils import escape

    text = escape(content.decode())
    xml = f'<?xml version="1.0"?><w:document><w:body><w:t>{text}</w:t></w:body></w:document>'
    others = (("[Content_Types].xml", b"<Types/>"), ("_rels/.rels", b"<Relationships/>"))
    return zipped(xml.encode(), "word/document.xml", *others)


def jar(content: bytes) -> bytes:
    """Write a Java archive."""
    manifest = ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\r\n\r\n")
    return zipped(content, "config/application.properties", manifest)


def wheel(content: bytes) -> bytes:
    """Write a Python wheel."""
    others = (("app-1.0.dist-info/WHEEL", b"Wheel-Version: 1.0\n"), ("app/py.typed", b""))
    return zipped(content, "app/settings.py", *others)


def apk(content: bytes) -> bytes:
    """Write an Android package."""
    manifest = ("AndroidManifest.xml", b"\x03\0\x08\0" + bytes(40))
    return zipped(content, "assets/config.json", manifest, ("classes.dex", b"dex\n035\0"))


def epub(content: bytes) -> bytes:
    """Write an electronic book: its first member is stored."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_entry("mimetype"), b"application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr(_entry("OEBPS/chapter1.xhtml"), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()
