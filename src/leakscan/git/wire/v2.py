"""Protocol version 2 (gitprotocol-v2(5)): what is asked, and how the answers are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakscan.git.wire.packets import CutOffError, Mark, PacketError, packet
from leakscan.git.wire.questions import Reply, an_id, whole_line
from leakscan.git.wire.values import RemoteRef

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leakscan.git.wire.packets import Packets
    from leakscan.git.wire.questions import Question

Capabilities = dict[str, str]
"""What a server can do, by name; the value is empty where there is none."""

_DELIMITER, _FLUSH = b"0001", b"0000"


def refs_request(
    prefixes: Sequence[str], object_format: str | None, known: Mapping[str, str] | None
) -> bytes:
    """Return the request for refs.

    Args:
        prefixes: of the names that are wanted; none for all.
        object_format: of the repository, if known.
        known: capabilities of the server; ``None`` where they were not asked for.
    """
    arguments = ["peel", "symrefs"]
    if known is None or "unborn" in known.get("ls-refs", "").split():
        arguments.append("unborn")
    arguments += [f"ref-prefix {prefix}" for prefix in prefixes]
    return _command("ls-refs", object_format, arguments)


def read_refs(packets: Packets) -> tuple[list[RemoteRef], str | None]:
    """Return the refs, and the branch that HEAD stands for.

    Raises:
        PacketError: that is no list of refs.
        SaidError: the server reported a failure.
    """
    refs: list[RemoteRef] = []
    head: str | None = None
    while (line := packets.line()) is not Mark.FLUSH:
        if isinstance(line, Mark):
            raise CutOffError("the list of refs is cut off")
        oid, _, rest = line.partition(b" ")
        name, *attributes = rest.split(b" ")
        target = peeled = None
        for attribute in attributes:
            key, _, value = attribute.partition(b":")
            if key == b"symref-target":
                target = value
            elif key == b"peeled":
                peeled = an_id(value.decode("ascii", "replace"))
        if name == b"HEAD" and target is not None:
            head = target.decode("utf-8", "surrogateescape")
        if oid != b"unborn":
            refs.append(RemoteRef(name, an_id(oid.decode("ascii", "replace")), target, peeled))
    return refs, head


def fetch_request(
    question: Question, object_format: str | None, known: Mapping[str, str] | None
) -> tuple[bytes, bool]:
    """Return the request for a pack, and whether it asks to leave large blobs out.

    Args:
        question: what is wanted.
        object_format: of the repository, if known.
        known: capabilities of the server; ``None`` where they were not asked for.
    """
    can_filter = known is None or "filter" in known.get("fetch", "").split()
    is_filtered = bool(question.filter) and can_filter
    arguments = ["ofs-delta", "no-progress"]
    arguments += [f"want {oid}" for oid in question.wants]
    arguments += [f"have {oid}" for oid in question.haves]
    if question.depth is not None:
        arguments.append(f"deepen {question.depth}")
    if is_filtered:
        arguments.append(f"filter {question.filter}")
    if question.done:
        arguments.append("done")
    return _command("fetch", object_format, arguments), is_filtered


def read_reply(packets: Packets, *, is_filtered: bool) -> Reply:
    """Read the sections before the pack.

    Raises:
        PacketError: there are none.
        SaidError: the server reported a failure.
    """
    known: list[str] = []
    shallow: list[str] = []
    while (section := whole_line(packets)) != "packfile":
        if section not in ("acknowledgments", "shallow-info", "wanted-refs", "packfile-uris"):
            raise PacketError("there is no such section of an answer")
        while not isinstance(line := whole_line(packets), Mark):
            word, _, rest = line.partition(" ")
            if word == "ACK":
                known.append(an_id(rest))
            elif word == "shallow":
                shallow.append(an_id(rest))
        if line is Mark.FLUSH:  # without a pack: not all that is wanted builds on known haves
            return Reply(tuple(known), tuple(shallow), has_pack=False)
    return Reply(tuple(known), tuple(shallow), has_pack=True, is_filtered=is_filtered)


def _command(name: str, object_format: str | None, arguments: Sequence[str]) -> bytes:
    # Servers take SHA-1 for granted, and old ones do not know the word.
    capabilities = [f"object-format={object_format}"] if object_format == "sha256" else []
    head = b"".join(_line(text) for text in (f"command={name}", *capabilities))
    return head + _DELIMITER + b"".join(map(_line, arguments)) + _FLUSH


def _line(text: str) -> bytes:
    return packet(text.encode("utf-8", "surrogateescape") + b"\n")
