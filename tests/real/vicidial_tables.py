"""Tables shaped as VICIdial's, as far as callcue reads them, and rows for them."""

from typing import Any

from fakes.passwords import vicidial_hash

from .mariadb import MariaDB

KEY, COST = "Sixteen-chars-16", 4

_TABLES = {
    "system_settings": "vdc_agent_api_active ENUM('0','1') DEFAULT '1',"
    " pass_hash_enabled ENUM('0','1') DEFAULT '0', pass_key VARCHAR(100) DEFAULT '',"
    " pass_cost TINYINT UNSIGNED DEFAULT 2, allow_ip_lists ENUM('0','1','2') DEFAULT '0'",
    "servers": "server_id VARCHAR(10), server_ip VARCHAR(15) NOT NULL,"
    " ext_context VARCHAR(20) NOT NULL DEFAULT 'default', active ENUM('Y','N') DEFAULT 'Y'",
    "vicidial_users": "user_id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY,"
    " user VARCHAR(20) NOT NULL, pass VARCHAR(100) NOT NULL DEFAULT '',"
    " pass_hash VARCHAR(500) DEFAULT '', user_level TINYINT UNSIGNED DEFAULT 1,"
    " user_group VARCHAR(20) DEFAULT 'ADMIN', active ENUM('Y','N') DEFAULT 'Y',"
    " vdc_agent_api_access ENUM('0','1') DEFAULT '1', custom_three VARCHAR(100) DEFAULT '',"
    " api_allowed_functions VARCHAR(1000) DEFAULT ' ALL_FUNCTIONS ',"
    " failed_login_count TINYINT UNSIGNED DEFAULT 0,"
    " last_login_date DATETIME DEFAULT '2001-01-01 00:00:01',"
    " ignore_ip_list ENUM('1','0') DEFAULT '0', UNIQUE (user)",
    "vicidial_user_groups": "user_group VARCHAR(20) NOT NULL, api_ip_list VARCHAR(30) DEFAULT ''",
    "vicidial_ip_list_entries": "ip_list_id VARCHAR(30) NOT NULL, ip_address VARCHAR(45) NOT NULL",
    "vicidial_live_agents": "live_agent_id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY,"
    " user VARCHAR(20), server_ip VARCHAR(15) NOT NULL, conf_exten VARCHAR(20),"
    " lead_id INT UNSIGNED NOT NULL DEFAULT 0, status VARCHAR(10) DEFAULT 'READY',"
    " last_call_time DATETIME",
    "vicidial_sessions_recent": "lead_id INT UNSIGNED, server_ip VARCHAR(15) NOT NULL,"
    " call_date DATETIME, user VARCHAR(20), conf_exten VARCHAR(20)",
    "vicidial_ccc_log": "call_date DATETIME, lead_id INT UNSIGNED, remote_lead_id INT UNSIGNED",
}
_KIND = "ENGINE=MyISAM DEFAULT CHARSET=latin1"
"""As VICIdial's are."""


def make(server: MariaDB) -> None:
    """All of them, empty but for the one row of the system's settings."""
    server.do(
        *(f"CREATE TABLE IF NOT EXISTS {name} ({rows}) {_KIND}" for name, rows in _TABLES.items()),
        *(f"DELETE FROM {name}" for name in _TABLES),
        "INSERT INTO system_settings () VALUES ()",
    )


def add(server: MariaDB, table: str, **columns: Any) -> None:
    """One row."""
    names, places = ", ".join(columns), ", ".join(["%s"] * len(columns))
    server.do(f"INSERT INTO {table} ({names}) VALUES ({places})", values=tuple(columns.values()))


def hash_passwords(server: MariaDB, cost: int = COST, key: str = KEY) -> None:
    """From now on passwords are compared by their hashes."""
    server.do(
        "UPDATE system_settings SET pass_hash_enabled = '1', pass_key = %s, pass_cost = %s",
        values=(key, cost),
    )


def hashed(password: str, cost: int = COST, key: str = KEY) -> str:
    """What stands in `pass_hash`."""
    return vicidial_hash(password, key, cost)
