"""Fetch from git servers over HTTP, with as few requests and bytes as the protocol allows."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from leakscan import __version__
from leakscan.git.wire.arriving import Arriving
from leakscan.git.wire.clock import Clock
from leakscan.git.wire.exchange import begin
from leakscan.git.wire.questions import Question, is_id
from leakscan.git.wire.talker import Talker
from leakscan.git.wire.transport import Transport
from leakscan.git.wire.values import Fetch
from leakscan.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leakscan.git.wire.exchange import Exchange
    from leakscan.git.wire.values import Limits, Meter, Refs

AGENT = f"git/2.0 (leakscan/{__version__})"
"""How we call ourselves: some sites serve git to what calls itself git only."""


class Wire:
    """A client for git's smart HTTP protocol.  Safe to share between threads.

    Args:
        connections: to keep to each server; more are made when needed, and not kept.
        patience: seconds to wait for the next byte.
        agent: what to call ourselves; it should begin with ``git/``.
    """

    def __init__(
        self, *, connections: int = 16, patience: float = 60.0, agent: str = AGENT
    ) -> None:
        self._patience = patience
        self._transport = Transport(connections, agent)
        self._talker = Talker(self._transport)

    def refs(
        self, url: str, meter: Meter, prefixes: Sequence[str] = (), seconds: float = 0.0
    ) -> Refs:
        """Ask for the refs of a repository: one request.

        Args:
            url: http or https; credentials in it are used, but never shown.
            meter: where the cost is counted.
            prefixes: of the full names that are wanted, such as ``refs/heads/`` or ``HEAD``;
                none for all.
            seconds: that it may take; 0 for no limit.

        Raises:
            NotSmartError: the server serves the files of a repository only.
            TroubleError: they cannot be had.
            UsageError: the URL is of another kind.
        """
        exchange = begin(url, meter, Clock(self._patience, seconds))
        return self._talker.refs(exchange, prefixes)

    @contextlib.contextmanager
    def fetch(self, url: str, wanted: Fetch, limits: Limits, meter: Meter) -> Iterator[Arriving]:
        """Fetch the history of some commits, without that of others, as one pack.

        It takes one request, or a second one if not all that is wanted builds on ``haves``.  If
        the server knows none of these, it leaves nothing out.

        Args:
            url: http or https; credentials in it are used, but never shown.
            wanted: what to fetch.
            limits: what it may cost.
            meter: where the cost is counted.

        Raises:
            NotSmartError: the server serves the files of a repository only.
            TroubleError: it cannot be had; reading the pack can raise it, too.
            UsageError: the URL is of another kind.
        """
        exchange = begin(url, meter, Clock(self._patience, limits.seconds))
        with self._arriving(exchange, wanted, limits, wanted.depth) as arriving:
            yield arriving

    @contextlib.contextmanager
    def fetch_push(
        self,
        url: str,
        before: str | None,
        head: str,
        limits: Limits,
        meter: Meter,
        known: Sequence[str] = (),
    ) -> Iterator[Arriving]:
        """Fetch exactly what a push brought, as one pack, as a rule with one request.

        A client may claim to have commits that it does not hold.  So we claim to have ``before``,
        want ``head``, and do not say ``done``: a server that knows ``before``, and sees that
        ``head`` builds on it, is then ready at once and sends the objects of ``before..head``.
        They do not build on objects outside of the pack, since thin packs are not asked for.

        If it knows ``before``, but ``head`` does not build on it (a branch that was reset, or set
        back), it acknowledges without a pack.  The same question with ``done`` then gets what
        ``head`` has and ``before`` has not: a second request, and perhaps an empty pack.

        If it knows neither ``before`` nor any of ``known`` (they were collected as garbage after a
        forced push), it answers in 32 bytes that it does not.  The second request is then for the
        last ``limits.depth`` commits.  Without ``before`` and ``known``, that is the only one.

        Args:
            url: http or https; credentials in it are used, but never shown.
            before: hex id of the commit on which the ref stood; ``None`` or zeros if there is none.
            head: hex id of the commit or tag on which it stands.
            limits: what it may cost.
            meter: where the cost is counted.
            known: hex ids of other commits whose history is not wanted, such as the tip of the
                default branch where a new branch is looked at; not if the push may be in it.

        Raises:
            NotSmartError: the server serves the files of a repository only.
            TroubleError: it cannot be had; reading the pack can raise it, too.
            UsageError: the URL is of another kind.
        """
        claimed = [oid for oid in (before, *known) if oid and oid.strip("0")]
        wanted = Fetch((head,), tuple(dict.fromkeys(claimed)))
        exchange = begin(url, meter, Clock(self._patience, limits.seconds))
        with self._arriving(exchange, wanted, limits, limits.depth) as arriving:
            yield arriving

    def close(self) -> None:
        """End all connections that are not in use."""
        self._transport.close()

    @contextlib.contextmanager
    def _arriving(
        self, exchange: Exchange, wanted: Fetch, limits: Limits, depth: int | None
    ) -> Iterator[Arriving]:
        """Ask up to twice; ``depth`` is for where the server knows no claimed commit."""
        for oid in (*wanted.wants, *wanted.haves):
            if not is_id(oid):
                raise exchange.trouble(Trouble.GONE, "no commit has such an id")
        if not wanted.wants:
            raise exchange.trouble(Trouble.EMPTY, "it holds nothing")
        if len(wanted.wants[0]) == 64:
            exchange.object_format = "sha256"
        question = Question(
            wanted.wants,
            wanted.haves,
            wanted.depth if wanted.haves else depth,
            _filter(wanted, limits),
            done=not wanted.haves,
        )
        reply, packets, answer = self._talker.ask(exchange, question)
        if not reply.has_pack:
            answer.finish()
            known = reply.known
            question = replace(
                question, haves=known, depth=wanted.depth if known else depth, done=True
            )
            reply, packets, answer = self._talker.ask(exchange, question)
            reply = replace(reply, known=reply.known or known)
        if not reply.has_pack:
            answer.abandon()
            raise exchange.trouble(Trouble.BROKEN, "it sends no pack", "try again later")
        arriving = Arriving(exchange, answer, packets, reply, limits.bytes)
        try:
            yield arriving
        finally:
            arriving.close()


def _filter(wanted: Fetch, limits: Limits) -> str:
    """Return the words in which a server is asked to leave something out (git-rev-list(1))."""
    if wanted.commits_only:
        return "tree:0"
    return f"blob:limit={limits.blob_bytes}" if limits.blob_bytes else ""
