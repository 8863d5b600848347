"""What holds a whole file system or repository: images of containers, and bundles of git."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
from pathlib import Path

from corpus.archives import gzipped, tarred
from gitrepo import GitRepo

LAYER_FILE = "app/.env"


def docker_image(content: bytes) -> tuple[bytes, str]:
    """Write what ``docker save`` does; return it and the way to the file in its layer."""
    layer = tarred(content, LAYER_FILE)
    name = hashlib.sha256(layer).hexdigest()
    manifest = [{"Config": "config.json", "RepoTags": ["app:1"], "Layers": [f"{name}/layer.tar"]}]
    files = {
        "manifest.json": json.dumps(manifest).encode(),
        "config.json": b'{"architecture": "amd64", "os": "linux"}',
        f"{name}/layer.tar": layer,
    }
    return _tar(files), f"{name}/layer.tar!/{LAYER_FILE}"


def oci_image(content: bytes) -> tuple[bytes, str]:
    """Write an image in OCI's layout; return it and the way to the file in its layer."""
    layer = gzipped(tarred(content, LAYER_FILE))
    name = f"blobs/sha256/{hashlib.sha256(layer).hexdigest()}"
    files = {
        "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
        "index.json": b'{"schemaVersion": 2, "manifests": []}',
        name: layer,
    }
    return _tar(files), f"{name}!/{LAYER_FILE}"


def _tar(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def bundle(content: bytes) -> bytes:
    """Have git make a bundle of a repository in which a file was added and removed."""
    with tempfile.TemporaryDirectory() as folder:
        repo = GitRepo.init(Path(folder) / "repo")
        repo.add("README.md", "Nothing to see here.\n")
        repo.add("config/app.env", content)
        repo.remove("config/app.env")
        file = Path(folder) / "repo.bundle"
        repo.git("bundle", "create", "-q", str(file), "--all")
        return file.read_bytes()
