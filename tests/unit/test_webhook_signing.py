"""Signatures are those of Standard Webhooks, and `verify` takes nothing else."""

import base64
import hashlib
import hmac
import re
import time
from pathlib import Path
from typing import Any

import pytest

from callcue.events.signing import WrongSignature, key_of, sign, verify

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
OTHER = "whsec_" + base64.b64encode(b"x" * 32).decode()
BODY = '{"id":"41","name":"Zoë"}'.encode()
NOW = 1_700_000_000
PAGE = Path(__file__).parents[2] / "docs" / "events.md"


def by_hand(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(**changes: str) -> dict[str, str]:
    signature = by_hand(KEY, "41", NOW, BODY)
    found = {"id": "41", "timestamp": str(NOW), "signature": signature, **changes}
    return {f"Webhook-{name.title()}": value for name, value in found.items()}


def test_given_the_example_of_standard_webhooks_then_the_signature_is_the_one_there() -> None:
    signature = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_given_a_message_then_its_id() -> None:
    assert sign(SECRET, "41", NOW, BODY) == headers()["Webhook-Signature"]
    assert verify(SECRET, headers(), BODY, clock=lambda: NOW + 299) == "41"
    assert verify(SECRET, headers(), BODY, clock=lambda: NOW - 299) == "41"


def test_given_two_signatures_then_either_secret_will_do() -> None:
    both = f"{by_hand(b'x' * 32, '41', NOW, BODY)} {headers()['Webhook-Signature']}"
    for secret in (SECRET, OTHER):
        assert verify(secret, headers(signature=both), BODY, clock=lambda: NOW) == "41"


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "42"},
        {"id": ""},
        {"timestamp": str(NOW + 1)},
        {"timestamp": ""},
        {"timestamp": "-1"},
        {"timestamp": "9" * 400},
        {"signature": ""},
        {"signature": "v1,"},
        {"signature": "v1a," + by_hand(KEY, "41", NOW, BODY)[3:]},
        {"signature": "v1,\ud800ä"},
        {"signature": by_hand(b"x" * 32, "41", NOW, BODY)},
    ],
)
def test_given_anything_else_then_it_is_not_believed(wrong: dict[str, str]) -> None:
    with pytest.raises(WrongSignature):
        verify(SECRET, headers(**wrong), BODY, clock=lambda: NOW)


def test_given_another_body_or_an_old_message_then_it_is_not_believed() -> None:
    with pytest.raises(WrongSignature):
        verify(SECRET, headers(), BODY + b" ", clock=lambda: NOW)
    for now in (NOW + 301, NOW - 301):
        with pytest.raises(WrongSignature, match="time"):
            verify(SECRET, headers(), BODY, clock=lambda now=now: now)  # type: ignore[misc]


@pytest.mark.parametrize("text", ["", "abc", "whsec_!", "whsec_YQ", "WHSEC_YWFh"])
def test_given_what_is_no_secret_then_it_says_so_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match="whsec_") as caught:
        key_of(text)
    assert not text or text not in str(caught.value)


def test_given_the_example_of_our_own_page_then_it_believes_what_it_should_and_no_more() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    now = int(time.time())
    good = {
        "webhook-id": "41",
        "webhook-timestamp": str(now),
        "webhook-signature": f"v1,other {by_hand(KEY, '41', now, BODY)}",
    }
    assert names["verified"](SECRET, good, BODY)
    assert not names["verified"](OTHER, good, BODY)
    assert not names["verified"](SECRET, good, BODY + b" ")
    assert not names["verified"](SECRET, {**good, "webhook-timestamp": str(now - 301)}, BODY)
