"""Containers, one a row of the page: how to write one around a file, and the way to that file."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from corpus import archives, documents, images
from corpus.archives import APP
from corpus.sample import SETTINGS_LINE, settings
from leakscan.detect.inside import CONTENT

Pack = Callable[[bytes], tuple[bytes, str | None]]
"""Puts the content of a file into a container; returns it, and the way to the file in it."""


@dataclass(frozen=True, slots=True)
class Container:
    """One kind of file that holds others.

    Attributes:
        name: the row of the page.
        file: what a file of it would be called.
        pack: returns one around the content of a file, and the way to that file in it.
    """

    name: str
    file: str
    pack: Pack


@dataclass(frozen=True, slots=True)
class Document:
    """One kind of file that holds text in a form of its own.

    Attributes:
        name: the row of the page.
        file: what a file of it would be called.
        write: returns one that holds a token, the way to what holds it, and the line there.
    """

    name: str
    file: str
    write: Callable[[str], tuple[bytes, str | None, int | None]]


def _at(where: str | None, write: Callable[[bytes], bytes]) -> Pack:
    return lambda content: (write(content), where)


def _compressed_tar(compress: Callable[[bytes], bytes]) -> Pack:
    return lambda content: (compress(archives.tarred(content)), APP)


CONTAINERS = (
    Container("gzip", "app.env.gz", _at(CONTENT, archives.gzipped)),
    Container("bzip2", "app.env.bz2", _at(CONTENT, archives.bzipped)),
    Container("xz", "app.env.xz", _at(CONTENT, archives.xzipped)),
    Container("zstd", "app.env.zst", _at(CONTENT, archives.zstd)),
    Container("zip, deflated", "app.zip", _at(APP, archives.zipped)),
    Container("zip, stored", "app.zip", _at(APP, functools.partial(archives.zipped, stored=True))),
    Container("docx", "letter.docx", _at("word/document.xml", archives.docx)),
    Container("jar", "app.jar", _at("config/application.properties", archives.jar)),
    Container("whl", "app.whl", _at("app/settings.py", archives.wheel)),
    Container("apk", "app.apk", _at("assets/config.json", archives.apk)),
    Container("epub", "book.epub", _at("OEBPS/chapter1.xhtml", archives.epub)),
    Container("tar", "app.tar", _at(APP, archives.tarred)),
    Container("tar.gz", "app.tar.gz", _compressed_tar(archives.gzipped)),
    Container("tar.bz2", "app.tar.bz2", _compressed_tar(archives.bzipped)),
    Container("tar.xz", "app.tar.xz", _compressed_tar(archives.xzipped)),
    Container("tar.zst", "app.tar.zst", _compressed_tar(archives.zstd)),
    Container("deb", "app.deb", _at(f"data.tar.xz!/{APP}", archives.deb)),
    Container("7z", "app.7z", _at(APP, archives.seven_zipped)),
    Container("git bundle", "app.bundle", _at("config/app.env", images.bundle)),
    Container("Docker image", "image.tar", images.docker_image),
    Container("OCI image", "oci.tar", images.oci_image),
    Container(
        "zip in zip",
        "app.zip",
        _at(f"inner.zip!/{APP}", lambda c: archives.zipped(archives.zipped(c), "inner.zip")),
    ),
    Container(
        "tar.gz in zip",
        "app.zip",
        _at(
            f"inner.tar.gz!/{APP}",
            lambda c: archives.zipped(archives.gzipped(archives.tarred(c)), "inner.tar.gz"),
        ),
    ),
)
"""Containers of any content, in the order of the page."""


def _pickle(protocol: int) -> Document:
    return Document(
        f"pickle, protocol {protocol}",
        "app.pickle",
        lambda token: (documents.pickled(token, protocol), None, None),
    )


def _text(token: str) -> str:
    return settings(token).plain.decode()


DOCUMENTS = (
    Document(
        "PDF",
        "letter.pdf",
        lambda token: (documents.pdf(_text(token)), "stream 4", SETTINGS_LINE),
    ),
    Document(
        "SQLite",
        "app.sqlite3",
        lambda token: (documents.sqlite(token), "settings", documents.ROWS),
    ),
    Document(
        "SQLite, over two pages",
        "long.sqlite3",
        lambda token: (documents.sqlite(documents.long_text(token)), "settings", documents.ROWS),
    ),
    *(_pickle(protocol) for protocol in range(6)),
    Document(".pyc", "app.pyc", lambda token: (documents.compiled(token), None, None)),
    Document(
        "notebook, source",
        "app.ipynb",
        lambda token: (documents.notebook(source=_text(token)), "cell 3", SETTINGS_LINE),
    ),
    Document(
        "notebook, output",
        "out.ipynb",
        lambda token: (
            documents.notebook(source="print(key)", output=_text(token)),
            "output of cell 3",
            SETTINGS_LINE,
        ),
    ),
)
"""Documents of a form of their own, in the order of the page."""
