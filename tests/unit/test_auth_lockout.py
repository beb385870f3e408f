"""Failed logins are limited, and nobody can lock out who does it right."""

from callcue.api.lockout import FAILURES, LOCK_SECONDS, REMEMBERED, Lockout


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def _failing(lockout: Lockout, name: str | None, address: str, times: int) -> None:
    for _ in range(times):
        lockout.failed(name, address)


def test_given_ten_failures_then_the_name_and_the_address_are_locked_for_a_quarter() -> None:
    clock = Clock()
    lockout = Lockout(clock=clock)
    _failing(lockout, "ann", "1.1.1.1", FAILURES - 1)
    assert not lockout.locked("ann", "1.1.1.1")
    lockout.failed("ann", "1.1.1.1")
    assert lockout.locked("ann", "1.1.1.1") == LOCK_SECONDS
    assert lockout.locked("ann", "2.2.2.2")
    assert lockout.locked("bob", "1.1.1.1")
    assert lockout.locked(None, "1.1.1.1")
    assert not lockout.locked("bob", "2.2.2.2")
    clock.now += LOCK_SECONDS + 1
    assert not lockout.locked("ann", "1.1.1.1")


def test_given_a_name_that_was_right_from_there_then_strangers_cannot_lock_it_out() -> None:
    lockout = Lockout()
    lockout.succeeded("ann", "1.1.1.1")
    _failing(lockout, "ann", "6.6.6.6", FAILURES)
    _failing(lockout, "bob", "1.1.1.1", FAILURES)
    assert not lockout.locked("ann", "1.1.1.1")
    assert lockout.locked("ann", "6.6.6.6")
    _failing(lockout, "ann", "1.1.1.1", FAILURES)
    assert lockout.locked("ann", "1.1.1.1")


def test_given_failures_far_apart_then_they_do_not_add_up() -> None:
    clock = Clock()
    lockout = Lockout(clock=clock)
    for _ in range(FAILURES * 2):
        lockout.failed("ann", "1.1.1.1")
        clock.now += LOCK_SECONDS + 1
    assert not lockout.locked("ann", "1.1.1.1")


def test_given_a_success_then_the_failures_are_not_forgiven() -> None:
    lockout = Lockout()
    _failing(lockout, "ann", "1.1.1.1", FAILURES)
    lockout.succeeded("ann", "2.2.2.2")
    assert lockout.locked("ann", "1.1.1.1")


def test_given_endless_names_then_the_memory_is_bounded() -> None:
    lockout = Lockout()
    for number in range(REMEMBERED * 2):
        lockout.failed(f"user{number}", f"10.0.{number // 256}.{number % 256}")
        lockout.succeeded(f"user{number}", "1.1.1.1")
    assert len(lockout._counts) <= REMEMBERED
    assert len(lockout._known) <= REMEMBERED
