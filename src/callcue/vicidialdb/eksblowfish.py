"""bcrypt of a cost below 4, which libraries refuse and which is VICIdial's default.

Written from the description of bcrypt by Provos and Mazières (USENIX 1999) and of Blowfish by
Schneier (FSE 1993). Blowfish begins with the digits of pi, so they are computed here. A test holds
this against the library where both can do it.

It is pure Python, and a thread that computes it keeps all others waiting: `beside.py` runs this
file as a process. So it imports nothing but the standard library.
"""

import struct
import sys
from functools import cache

ROUNDS = 16
P_WORDS = ROUNDS + 2
S_WORDS = 4 * 256
MAGIC = struct.unpack(">6I", b"OrpheanBeholderScryDoubt")
MASK = 0xFFFFFFFF

REQUEST = struct.Struct(">16sBB")
"""The salt, the cost, and how long the password is that follows."""
HASH_BYTES = 23


def bcrypt_of_low_cost(password: bytes, salt: bytes, cost: int) -> bytes:
    """The 23 bytes that bcrypt keeps. Tens of milliseconds, most of it for what is not secret."""
    key = _words(password + b"\0", P_WORDS)
    salted = _words(salt, P_WORDS)
    p, s = map(list, _pi())
    _expand(p, s, key, struct.unpack(">4I", salt))
    for _ in range(1 << cost):
        _expand(p, s, key, (0, 0, 0, 0))
        _expand(p, s, salted, (0, 0, 0, 0))
    words = list(MAGIC)
    for at in range(0, len(words), 2):
        left, right = words[at], words[at + 1]
        for _ in range(64):
            left, right = _encrypt(p, s, left, right)
        words[at], words[at + 1] = left, right
    return struct.pack(">6I", *words)[:HASH_BYTES]


def _words(text: bytes, count: int) -> tuple[int, ...]:
    """So many words of *text*, repeated as often as it takes."""
    repeated = text * (count * 4 // len(text) + 1)
    return struct.unpack(f">{count}I", repeated[: count * 4])


def _expand(p: list[int], s: list[int], key: tuple[int, ...], salt: tuple[int, ...]) -> None:
    for at in range(P_WORDS):
        p[at] ^= key[at]
    left = right = turn = 0
    for table in (p, s):
        for at in range(0, len(table), 2):
            left, right = _encrypt(p, s, left ^ salt[turn], right ^ salt[turn + 1])
            table[at], table[at + 1] = left, right
            turn ^= 2


def _encrypt(p: list[int], s: list[int], left: int, right: int) -> tuple[int, int]:
    for at in range(ROUNDS):
        left ^= p[at]
        mixed = (s[left >> 24] + s[256 + (left >> 16 & 255)]) ^ s[512 + (left >> 8 & 255)]
        right ^= (mixed + s[768 + (left & 255)]) & MASK
        left, right = right, left
    return right ^ p[ROUNDS + 1], left ^ p[ROUNDS]


@cache
def _pi() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The first words of the fraction of pi: those of the keys, those of the boxes."""
    count = P_WORDS + S_WORDS
    bits = 32 * count
    spare = 64
    fraction = (_machin(bits + spare) >> spare) & ((1 << bits) - 1)
    words = struct.unpack(f">{count}I", fraction.to_bytes(count * 4, "big"))
    return words[:P_WORDS], words[P_WORDS:]


def _machin(bits: int) -> int:
    """Pi times two to the *bits*: 16 arctan(1/5) - 4 arctan(1/239)."""
    return 16 * _arctan_of_inverse(5, bits) - 4 * _arctan_of_inverse(239, bits)


def _arctan_of_inverse(x: int, bits: int) -> int:
    power = (1 << bits) // x
    total, n, sign = power, 1, 1
    while power:
        power //= x * x
        n, sign = n + 2, -sign
        total += sign * (power // n)
    return total


def _serve() -> None:
    """Answer requests until nobody is left who could send one."""
    _pi()
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while len(request := requests.read(REQUEST.size)) == REQUEST.size:
        salt, cost, length = REQUEST.unpack(request)
        answers.write(bcrypt_of_low_cost(requests.read(length), salt, cost))
        answers.flush()


if __name__ == "__main__":
    _serve()
