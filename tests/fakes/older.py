"""A store as an older callcue left it."""

from collections.abc import Iterator

from callcue.store.schema import VERSION

_BACK = {
    4: [
        "DROP TABLE events",
        "DROP TABLE events_forgotten",
        "DROP TABLE idempotency_keys",
        "DROP TABLE access_keys",
        "DROP TABLE webhooks",
        "DROP TABLE deliveries",
        "ALTER TABLE store_state DROP COLUMN webhooks_revision",
        "ALTER TABLE store_state DROP COLUMN keys_revision",
        "ALTER TABLE playbacks DROP COLUMN told",
        "ALTER TABLE playbacks DROP COLUMN promised",
    ],
    3: ["DROP TABLE playbacks", "ALTER TABLE store_state DROP COLUMN identity"],
    2: ["DROP INDEX answers_kind", "ALTER TABLE answers DROP COLUMN is_page"],
}


def back_to(version: int) -> Iterator[str]:
    """The statements that lead from the newest version back to that one."""
    for step in range(VERSION, version, -1):
        yield from _BACK[step]
    yield f"UPDATE store_state SET version = {version}"
