"""The fixture `mariadb`, for the conftest of each folder whose tests need one."""

from collections.abc import Iterator

import pytest

from .mariadb import MariaDB, NoMariaDB, running_mariadb


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """One MariaDB for the whole run. Without one the run fails, and says why."""
    try:
        with running_mariadb() as server:
            yield server
    except NoMariaDB as missing:
        pytest.exit(f"no MariaDB for the tests: {missing}", returncode=1)
