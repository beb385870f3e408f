"""Which party of a call an audience means."""

from collections.abc import Collection

from .errors import CannotPlayHere
from .ports import Call
from .types import Audience, CallId, Role


def listener(audience: Audience, parties: Collection[Call], asked: CallId | None) -> CallId | None:
    """The one party that is to hear it; None is everyone.

    *asked*: the call that was named in the request, where one was. It is the agent or the caller
    that is meant, if it is one.

    Raises:
        CannotPlayHere: nobody, or more than one, answers to that description.

    """
    if audience is Role.EVERYONE:
        return None
    if not isinstance(audience, Role):
        if all(party.id != audience for party in parties):
            raise CannotPlayHere("the party that is to hear it is not in this call")
        return audience
    found = [party.id for party in parties if party.is_agent is (audience is Role.AGENT)]
    if asked in found:
        return asked
    if not found:
        raise CannotPlayHere(f"nobody in this call is known to be its {audience}")
    if len(found) > 1:
        raise CannotPlayHere(f"more than one party is its {audience}: name one by its call id")
    return found[0]
