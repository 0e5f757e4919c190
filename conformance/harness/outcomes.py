"""Chooses among the outcomes of a provider."""

from collections.abc import Sequence

from conformance.providers.base import Outcome


def quick_failures(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the failures that cost little time, for checks to which any failure will do.

    Connectors pause before they retry after a throttle, a server error or a refused connection. The result has no
    throttle, and at most one of the other two, apart from those after which the provider may have accepted the message.
    """
    failures = [it for it in outcomes if it.family not in {"accepted", "throttle"}]
    quick = [it for it in failures if not (it.echoes or it.hangs or it.only_for)]
    retried = [it for it in quick if it.family in {"server-error", "network"} and not it.ambiguous]
    return [it for it in quick if it not in retried[1:]]
