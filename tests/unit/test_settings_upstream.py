"""Where the real VICIdial is: what may stand in the settings."""

from typing import Any

import pytest
from fakes.service import settings
from fakes.telephony import FakeTelephony
from pydantic import ValidationError

from callcue.app import make_app
from callcue.settings import SettingsError
from callcue.settings.vicidial import Upstream, Vicidial
from callcue.store.ledger import MemoryLedger


def test_given_a_text_alone_then_it_is_the_url() -> None:
    given = Vicidial.model_validate({"upstream": "https://vicidial.example:8443/prefix/"})
    assert given.upstream == Upstream(url="https://vicidial.example:8443/prefix/")
    assert Vicidial().upstream is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "vicidial.example",
        "ftp://vicidial.example",
        "https://user:secret@vicidial.example",
        "https://vicidial.example/agc/api.php?x=y",
        "https://vicidial.example/#x",
        "https://vicidial.example:0",
        "https://vicidial.example:65536",
        "https://vicidial.example/a b",
        "https://vicidial.example\r\nX: y",
        "https://",
    ],
)
def test_given_what_is_no_address_then_it_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Upstream(url=url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"connect_seconds": 0},
        {"idle_seconds": "inf"},
        {"longest_seconds": -1},
        {"connections": 0},
        {"largest_form": 1},
        {"largest_body": 10**15},
        {"other_path": True},
    ],
    ids=str,
)
def test_given_a_limit_that_is_none_then_it_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Upstream.model_validate({"url": "https://vicidial.example", **wrong})


def test_given_a_ca_file_that_is_not_there_then_it_is_named() -> None:
    upstream = {"url": "https://vicidial.example", "tls_ca": "/no/such/file"}
    with pytest.raises(SettingsError, match=r"vicidial\.upstream\.tls_ca: /no/such/file"):
        make_app(settings(vicidial={"upstream": upstream}), [FakeTelephony()], MemoryLedger())
