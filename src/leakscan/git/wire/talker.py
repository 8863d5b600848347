"""Speak with git servers in the version of the protocol that they understand.

Version 2 is taken for granted and spoken at once: its capability advertisement, which git fetches
first, would cost every push a request and tells nothing that is needed.  Only where the answer
makes no sense is the advertisement asked for, and the question put again as it says.
"""

from __future__ import annotations

import contextlib
import gzip
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from leakscan.git.wire import v0, v2
from leakscan.git.wire.exchange import MisunderstoodError, StatusError
from leakscan.git.wire.packets import PacketError, Packets, SaidError
from leakscan.git.wire.values import NotSmartError, Refs, RemoteRef
from leakscan.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from leakscan.git.wire.exchange import Exchange, Origin
    from leakscan.git.wire.questions import Question, Reply
    from leakscan.git.wire.transport import Answer, Transport

_GZIP_FROM = 1024
"""Bytes of a request from which on git compresses it (remote-curl.c)."""

_PERHAPS_OLD = (400, 404, 405, 406, 411, 415, 422, 500, 501)
"""What servers answer to a POST that they do not expect."""

_NOT_THERE = (b"not our ref", b"not valid", b"unadvertised object")
"""How git, JGit and others say that they do not serve a commit."""

_POST = "/git-upload-pack"
_ADVERTISEMENT = "/info/refs?service=git-upload-pack"
_TYPE = "application/x-git-upload-pack-"

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Speech:
    """What a server speaks.

    Attributes:
        version: of the protocol; ``None`` where it has not answered yet.
        capabilities: with version 2, where they were asked for.
        advertisement: with version 0, of the repository in question.
    """

    version: int | None = None
    capabilities: Mapping[str, str] | None = None
    advertisement: v0.Advertisement | None = None


class Talker:
    """Remembers what each server speaks.  Safe to share between threads."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._spoken: dict[Origin, Speech] = {}

    def refs(self, exchange: Exchange, prefixes: Sequence[str]) -> Refs:
        """Ask for refs whose names begin so.

        Raises:
            TroubleError: they cannot be had.
        """
        ref_list, head = self._adapting(exchange, lambda it: self._refs(exchange, it, prefixes))
        starts = tuple(prefix.encode("utf-8", "surrogateescape") for prefix in prefixes)
        wanted = (ref for ref in ref_list if not starts or ref.name.startswith(starts))
        refs = tuple(wanted)
        size = len(refs[0].oid) // 2 if refs else 32 if exchange.object_format == "sha256" else 20
        is_head_wanted = not starts or b"HEAD".startswith(starts)
        return Refs(refs, size, head if is_head_wanted else None, exchange.url)

    def ask(self, exchange: Exchange, question: Question) -> tuple[Reply, Packets, Answer]:
        """Ask for a pack; return the head of the answer, and what the pack is read from.

        Raises:
            TroubleError: there is no answer.
        """
        return self._adapting(exchange, lambda speech: self._ask(exchange, speech, question))

    def _refs(
        self, exchange: Exchange, speech: Speech, prefixes: Sequence[str]
    ) -> tuple[Sequence[RemoteRef], str | None]:
        if speech.advertisement is not None:
            return speech.advertisement.refs, speech.advertisement.head
        body = v2.refs_request(prefixes, exchange.object_format, speech.capabilities)
        answer, packets = self._post(exchange, body)
        with _understood(exchange, answer):
            found = v2.read_refs(packets)
        answer.finish()
        return found

    def _ask(
        self, exchange: Exchange, speech: Speech, question: Question
    ) -> tuple[Reply, Packets, Answer]:
        server = speech.advertisement
        if server is not None:
            body, is_filtered = v0.fetch_request(question, server)
            answer, packets = self._post(exchange, body)
            with _understood(exchange, answer):
                reply = v0.read_reply(packets, question, server, is_filtered=is_filtered)
        else:
            body, is_filtered = v2.fetch_request(
                question, exchange.object_format, speech.capabilities
            )
            answer, packets = self._post(exchange, body)
            with _understood(exchange, answer):
                reply = v2.read_reply(packets, is_filtered=is_filtered)
        return reply, packets, answer

    def _post(self, exchange: Exchange, body: bytes) -> tuple[Answer, Packets]:
        headers = {
            "Content-Type": _TYPE + "request",
            "Accept": _TYPE + "result",
            "Git-Protocol": "version=2",
        }
        if len(body) > _GZIP_FROM:
            body = gzip.compress(body, 6)
            headers["Content-Encoding"] = "gzip"
        answer = self._transport.open(exchange, _POST, headers, body)
        if answer.type != _TYPE + "result":
            answer.abandon()
            raise exchange.misunderstood(f"it answered {_named(answer.type)}")
        return answer, Packets(answer.read)

    def _adapting(self, exchange: Exchange, ask: Callable[[Speech], Result]) -> Result:
        """Ask as the server is known to understand it, or again when it did not."""
        with self._lock:
            speech = self._spoken.get(exchange.origin, Speech())
        if exchange.advertisement is not None:
            speech = Speech(0, None, exchange.advertisement)
        elif speech.version == 0:  # which says what is needed for each repository anew
            speech = self._advertised(exchange)
        try:
            result = ask(speech)
        except (MisunderstoodError, StatusError) as error:
            speech = self._learnt(exchange, speech, error)
            result = ask(speech)
        if speech.version is None:
            self._remember(exchange, Speech(2))
        return result

    def _learnt(
        self, exchange: Exchange, speech: Speech, error: MisunderstoodError | StatusError
    ) -> Speech:
        """Return how else to ask.

        Raises:
            TroubleError: there is no other way; as a rule, the error that led here.
        """
        if speech.advertisement is not None:
            raise error
        if isinstance(error, StatusError):
            is_known = speech.version is not None and exchange.base.endswith(".git")
            if error.status not in _PERHAPS_OLD or is_known:
                raise error
        before = exchange.base, exchange.object_format or "sha1"
        try:
            learnt = self._advertised(exchange)
        except StatusError:
            raise error from None
        if learnt == speech and before == (exchange.base, exchange.object_format):
            raise error
        return learnt

    def _advertised(self, exchange: Exchange) -> Speech:
        """Ask what the server speaks.

        Raises:
            NotSmartError: it serves files only.
            TroubleError: it does not say.
        """
        headers = {"Accept": "*/*", "Git-Protocol": "version=2"}
        answer = self._transport.open(exchange, _ADVERTISEMENT, headers)
        if answer.type != _TYPE + "advertisement":
            start = answer.read()
            answer.abandon()
            if answer.type == "text/html" or start.lstrip()[:1] == b"<":
                raise exchange.trouble(Trouble.BROKEN, "it answered HTML", "check the address")
            base = exchange.trouble(Trouble.BROKEN, "its server does not speak git's protocol")
            raise NotSmartError(base.what)
        with _understood(exchange, answer):
            found = v0.read_advertisement(Packets(answer.read))
        answer.finish()
        exchange.object_format = found.object_format
        if found.version == 2:
            speech = Speech(2, found.capabilities)
            self._remember(exchange, speech)
        else:
            exchange.advertisement = found
            speech = Speech(0, None, found)
            self._remember(exchange, Speech(0))
        return speech

    def _remember(self, exchange: Exchange, speech: Speech) -> None:
        with self._lock:
            self._spoken[exchange.origin] = speech


@contextlib.contextmanager
def _understood(exchange: Exchange, answer: Answer) -> Iterator[None]:
    """Tell what is wrong with an answer, and end the connection then."""
    try:
        yield
    except SaidError as error:
        answer.abandon()
        if any(words in error.message for words in _NOT_THERE):
            why = "what is asked for is no longer there"
            raise exchange.trouble(Trouble.GONE, why) from None
        said = exchange.quoted(error.message)
        raise exchange.misunderstood(f"the server said {said!r}") from None
    except PacketError as error:
        answer.abandon()
        raise exchange.misunderstood(f"no answer of a git server: {error}") from None
    except BaseException:
        answer.abandon()
        raise


def _named(kind: str) -> str:
    return {"text/html": "HTML", "": "something"}.get(kind, repr(kind))
