"""The settings of VICIdial's database, its servers and its dialplan."""

from pathlib import Path
from typing import Any

import pytest
from fakes.telephony import FakeTelephony
from pydantic import ValidationError

from callcue.app import make_app
from callcue.settings import Settings, SettingsError
from callcue.settings.secrets import Sources
from callcue.store.ledger import MemoryLedger
from callcue.vicidialdb.database import WrongUrl, address_of

LOCAL = {"host": "127.0.0.1", "user": "cron", "password": "p4ss"}


def settings(environ: dict[str, str] | None = None, **vicidial: Any) -> Settings:
    tables = {"asterisk": {"secret": "s"}, "vicidial": vicidial}
    return Settings.model_validate(tables, context=Sources(Path(), environ or {}))


def test_given_a_database_then_its_defaults() -> None:
    table = settings(database=LOCAL).vicidial.database
    assert table is not None
    assert (table.port, table.name, table.pool, table.timeout_seconds) == (3306, "asterisk", 5, 1.0)
    assert (table.users, table.agents) == (True, True)
    assert "p4ss" not in repr(table)


def test_given_secrets_in_the_environment_then_they_are_found() -> None:
    given = {"host": "db", "user": "cron", "password_env": "DB_PASSWORD"}
    table = settings({"DB_PASSWORD": "p4ss"}, database=given).vicidial.database
    assert table is not None
    assert table.password.get_secret_value() == "p4ss"
    table = settings({"DB": "mysql://a:b@c/d"}, database={"url_env": "DB"}).vicidial.database
    assert table is not None
    assert table.url is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"database": {}},
        {"database": {"host": "db"}},
        {"database": {**LOCAL, "url": "mysql://a:p4ss@c/d"}},
        {"database": {**LOCAL, "timeout_seconds": 0}},
        {"database": {**LOCAL, "pool": 0}},
        {"database": {**LOCAL, "host": "a b"}},
        {"servers": {"10.10.10.15": "other"}},
        {"servers": {"not an address": "main"}},
        {"join": "elsewhere"},
        {"context": "a,b"},
        {"sounds": {"folder": ""}},
        {"sounds": {"folder": "/x", "base_url": "javascript:x"}},
    ],
    ids=str,
)
def test_given_what_cannot_be_used_then_it_is_refused_without_a_secret(wrong: Any) -> None:
    with pytest.raises(ValidationError) as error:
        settings(**wrong)
    assert "p4ss" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["", "x", "postgresql://a:p4ss@b/c", "mysql://b/c", "mysql://a:p4ss@b", "mysql://a@/c"]
)
def test_given_a_url_that_is_none_then_the_service_does_not_start(url: str) -> None:
    with pytest.raises(WrongUrl) as wrong:
        address_of(url)
    assert "p4ss" not in str(wrong.value)
    with pytest.raises(SettingsError, match=r"vicidial\.database\.url"):
        make_app(settings(database={"url": url}), [FakeTelephony()], MemoryLedger())


def test_given_a_url_then_its_parts() -> None:
    url = address_of("mysql+pymysql://cron:p%40ss@db:3307/asterisk")
    assert (url.host, url.port, url.database, url.username) == ("db", 3307, "asterisk", "cron")
    assert url.password == "p@ss"
    assert url.drivername == "mysql+aiomysql"


async def test_given_the_join_by_vicidials_dialplan_and_no_database_then_the_usual_context() -> (
    None
):
    for given, context in (("", "default"), ("trunk", "trunk")):
        telephony = FakeTelephony()
        make_app(settings(join="dialplan", context=given), [telephony], MemoryLedger())
        assert telephony.room_context is not None
        assert await telephony.room_context("main") == context


def test_given_our_own_join_then_nothing_is_changed() -> None:
    telephony = FakeTelephony()
    make_app(settings(), [telephony], MemoryLedger())
    assert telephony.room_context is None
