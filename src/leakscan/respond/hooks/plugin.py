"""The hook that is a Python function of an installed package."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from leakscan.errors import UsageError
from leakscan.respond.deadline import within
from leakscan.respond.failure import AttemptError
from leakscan.respond.hooks.contract import answer_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from leakscan.ledger.outcomes import Disabled
    from leakscan.respond.hooks.contract import DisableRequest

GROUP = "leakscan.disable_hooks"
"""The group of entry points."""


@dataclass(frozen=True, slots=True)
class PythonHook:
    """Calls a function with the request; it returns what an HTTP hook would answer, as a dict.

    Attributes:
        timeout: seconds after which it is no longer waited for.
    """

    function: Callable[[DisableRequest], Any]
    timeout: float = 30

    def disable(self, request: DisableRequest) -> Disabled:
        """Call the function once."""
        return answer_of(self._call(request))

    def _call(self, request: DisableRequest) -> object:
        def call() -> object:
            try:
                return self.function(request)
            except BaseException as error:  # noqa: BLE001 - a stranger's code; its message may hold the token
                raise AttemptError(f"it raised {type(error).__name__}") from None

        try:
            return within(self.timeout, call)
        except TimeoutError:
            raise AttemptError(f"no answer within {self.timeout:g} s", down=True) from None

    def stop(self) -> bool:
        """Leave calls alone: their threads end with the process."""
        return False


def find_function(name: str) -> Callable[[DisableRequest], Any]:
    """Load the function that a package offers under a name.

    Raises:
        UsageError: no installed package offers it, or it cannot be imported.
    """
    found = list(entry_points(group=GROUP, name=name))
    if len(found) != 1:
        known = ", ".join(sorted(entry_points(group=GROUP).names)) or "none is installed"
        raise UsageError(f"{name}: no such entry point of {GROUP}", f"there are: {known}")
    try:
        function = found[0].load()
    except Exception as error:  # noqa: BLE001 - a stranger's module may raise anything
        raise UsageError(
            f"{name}: cannot load it ({type(error).__name__})", "check its package"
        ) from None
    if not callable(function):
        raise UsageError(f"{name}: not a function", "check its package")
    return function  # type: ignore[no-any-return]
