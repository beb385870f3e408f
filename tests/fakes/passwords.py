"""Passwords as VICIdial keeps them, made for a test."""

from callcue.vicidialdb.passwords import LONGEST, _hash


def vicidial_hash(password: str, key: str, cost: int) -> str:
    """What VICIdial would keep of *password*."""
    return _hash(password.encode()[:LONGEST], key.encode(), cost).decode()
