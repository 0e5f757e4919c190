"""The official packages as contenders: they work in one long-lived Node process and measure themselves."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from tests.interop.official import Driver, running_driver

NAME: Final = "official, in Node"
_SCRIPT: Final = Path(__file__).with_name("official.mjs")


@frozen
class Official:
    """Asks the Node process for work."""

    driver: Driver

    def timed(self, operation: str, case: Mapping[str, Any], endpoint: str = "") -> tuple[float, float]:
        """Do the work, and return the seconds on the clock, and of processor time of the Node process."""
        (answer,) = self.driver.ask(operation, [case], {"endpoint": endpoint})
        return answer["seconds"], answer["cpuSeconds"]


@contextmanager
def running_official() -> Iterator[Official]:
    """Run the Node process during the block.

    Raises:
        UnavailableError: there is no Node, or the packages cannot be installed.
    """
    with running_driver(script=_SCRIPT) as driver:
        yield Official(driver)
