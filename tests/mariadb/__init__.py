"""Tests over a real MariaDB with tables shaped as VICIdial's."""
