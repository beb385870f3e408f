"""VICIdial's own MariaDB, which is only ever read: its users, and where its agents are."""
