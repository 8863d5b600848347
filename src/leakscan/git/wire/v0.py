"""Protocol versions 0 and 1 over stateless HTTP (gitprotocol-pack(5), gitprotocol-http(5))."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from leakscan.git.wire.packets import CutOffError, Mark, PacketError, packet
from leakscan.git.wire.questions import Reply, an_id, text_line, whole_line
from leakscan.git.wire.values import RemoteRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leakscan.git.wire.packets import Packets
    from leakscan.git.wire.questions import Question

_WISHES = ("multi_ack_detailed", "no-done", "side-band-64k", "ofs-delta", "no-progress")
"""Capabilities that are used where a server has them."""


@dataclass(frozen=True, slots=True)
class Advertisement:
    """What a server says of itself and the repository.

    Attributes:
        version: of the protocol, 0 or 2; 1 is 0 with another first line.
        capabilities: what it can do, by name; the value is empty where there is none.
        refs: all refs, with version 0.
        head: the branch that HEAD stands for, with version 0.
    """

    version: int
    capabilities: Mapping[str, str]
    refs: tuple[RemoteRef, ...] = ()
    head: str | None = None

    @property
    def object_format(self) -> str:
        """``sha1`` or ``sha256``."""
        return self.capabilities.get("object-format", "sha1")


def read_advertisement(packets: Packets) -> Advertisement:
    """Read the answer to ``info/refs?service=git-upload-pack``.

    Raises:
        PacketError: it is none.
        SaidError: the server reported a failure.
    """
    line = packets.line()
    if line == b"# service=git-upload-pack":
        if packets.line() is not Mark.FLUSH:
            raise PacketError("the advertisement has no beginning")
        line = packets.line()
    if line == b"version 2":
        capabilities: dict[str, str] = {}
        while not isinstance(word := whole_line(packets), Mark):
            name, _, value = word.partition("=")
            capabilities[name] = value
        return Advertisement(2, capabilities)
    if line == b"version 1":
        line = packets.line()
    return _read_refs(line, packets)


def _read_refs(line: bytes | Mark, packets: Packets) -> Advertisement:
    refs: dict[bytes, RemoteRef] = {}
    capabilities: dict[str, str] = {}
    symbolic: dict[bytes, bytes] = {}
    while line is not Mark.FLUSH:
        if isinstance(line, Mark):
            raise CutOffError("the list of refs is cut off")
        line, nul, words = line.partition(b"\0")
        for word in words.split() if nul else ():
            key, _, value = word.partition(b"=")
            if key == b"symref":
                source, _, symbolic[source] = value.partition(b":")
            else:
                capabilities[key.decode("ascii", "replace")] = value.decode("ascii", "replace")
        oid, _, name = line.partition(b" ")
        if oid != b"shallow" and name != b"capabilities^{}":
            _add_ref(refs, an_id(oid.decode("ascii", "replace")), name)
        line = packets.line()
    listed = (replace(ref, target=symbolic.get(name)) for name, ref in refs.items())
    head = symbolic.get(b"HEAD")
    shown = None if head is None else head.decode("utf-8", "surrogateescape")
    return Advertisement(0, capabilities, tuple(listed), shown)


def _add_ref(refs: dict[bytes, RemoteRef], oid: str, name: bytes) -> None:
    tag = refs.get(name.removesuffix(b"^{}")) if name.endswith(b"^{}") else None
    if tag is None:
        refs[name] = RemoteRef(name, oid)
    else:
        refs[tag.name] = replace(tag, peeled=oid)


def fetch_request(question: Question, server: Advertisement) -> tuple[bytes, bool]:
    """Return the request for a pack, and whether it asks to leave large blobs out."""
    has = server.capabilities
    words = [wish for wish in _WISHES if wish in has]
    if "side-band-64k" not in has and "side-band" in has:
        words.append("side-band")
    if "object-format" in has:
        words.append(f"object-format={server.object_format}")
    is_filtered = bool(question.filter) and "filter" in has
    words += ["filter"] if is_filtered else []
    is_shallow = question.depth is not None and "shallow" in has
    first, *others = question.wants
    lines = [f"want {first} {' '.join(words)}", *(f"want {oid}" for oid in others)]
    lines += [f"deepen {question.depth}"] if is_shallow else []
    lines += [f"filter {question.filter}"] if is_filtered else []
    haves = [f"have {oid}" for oid in question.haves]
    ending = _line("done") if question.done else b"0000"
    body = b"".join(map(_line, lines)) + b"0000" + b"".join(map(_line, haves)) + ending
    return body, is_filtered


def read_reply(
    packets: Packets, question: Question, server: Advertisement, *, is_filtered: bool
) -> Reply:
    """Read what comes before the pack.

    Raises:
        PacketError: it is no answer.
        SaidError: the server reported a failure.
    """
    shallow: list[str] = []
    known: dict[str, None] = {}
    if question.depth is not None and "shallow" in server.capabilities:
        while not isinstance(line := whole_line(packets), Mark):
            word, _, oid = line.partition(" ")
            if word == "shallow":
                shallow.append(an_id(oid))
    has_pack = False
    while not has_pack:
        words = _words(text_line(packets))
        if words is None and not question.done:  # the negotiation would go on
            break
        if words is None:
            raise CutOffError("the answer is cut off")
        if words[0] == "ACK" and len(words) > 1:
            known[an_id(words[1])] = None
            has_pack = len(words) == 2 and (question.done or "no-done" in server.capabilities)
        elif words == ["NAK"]:
            has_pack = question.done
        else:
            raise PacketError("it neither knows nor does not know what is here")
    in_bands = "side-band-64k" in server.capabilities or "side-band" in server.capabilities
    return Reply(tuple(known), tuple(shallow), has_pack, in_bands, is_filtered)


def _words(line: str | Mark) -> list[str] | None:
    """Return the words of a line, ``None`` at the end of the answer."""
    return (line.split() or [""]) if isinstance(line, str) else None


def _line(text: str) -> bytes:
    return packet(text.encode() + b"\n")
