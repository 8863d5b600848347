"""The issuer on this machine as a disable hook: the default where none is configured."""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from leakscan.errors import LeakscanError
from leakscan.issuer.folder import Folder
from leakscan.issuer.leak_event import read_leak
from leakscan.issuer.store import Issuer
from leakscan.issuer.values import Delivery
from leakscan.ledger.outcomes import Disabled
from leakscan.ledger.words import Answer, Owner
from leakscan.respond.failure import AttemptError, presentable
from leakscan.respond.hooks.settings import NamedHook
from leakscan.respond.server_settings import REPLICATE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leakscan.respond.hooks import DisableRequest

NAME = "issuer"


class EmbeddedHook:
    """Disables tokens in an issuer's database, without a server between.

    It is opened at the first token: a scan forks before, and no connection may be shared so.

    Args:
        folder: the issuer's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._issuer: Issuer | None = None
        self._lock = threading.Lock()

    def disable(self, request: DisableRequest) -> Disabled:
        """Disable a token as the issuer's own endpoint does, to the same effect when repeated.

        Raises:
            AttemptError: the issuer's database cannot be used.
        """
        # Read as if it had come over a wire, so that its texts are made safe in the same place.
        leak = read_leak(request.to_json(datetime.now(UTC)))
        # Nobody signs here, so that nothing can be replayed: a random text is told from all others.
        delivery = Delivery(request.finding, int(time.time()), secrets.token_hex())
        try:
            outcome = self._opened().disable_leaked(leak, delivery)
        except LeakscanError as error:
            raise AttemptError(presentable(str(error)), down=True) from None
        owner = outcome.owner
        known = Owner(owner.name, owner.email, owner.locale) if owner else Owner()
        return Disabled(Answer(outcome.status), known, outcome.token_name)

    def stop(self) -> bool:
        """Leave transactions alone: each is whole or not there."""
        return False

    def close(self) -> None:
        """Close the issuer if it was opened."""
        if self._issuer is not None:
            self._issuer.close()

    def _opened(self) -> Issuer:
        with self._lock:
            if self._issuer is None:
                self._issuer = Issuer.open(self._folder)
            return self._issuer


def default_folder() -> Path:
    """Return where an issuer is unless ``--data`` says otherwise."""
    from platformdirs import user_data_path

    return user_data_path("leakscan") / "issuer"


@contextmanager
def embedded_hooks() -> Iterator[dict[str, NamedHook]]:
    """Give the hook to the issuer on this machine, if there is one."""
    folder = default_folder()
    if not Folder(folder).database.is_file():
        yield {}
        return
    with closing(EmbeddedHook(folder)) as hook:
        yield {NAME: NamedHook(hook, frozenset(REPLICATE))}
