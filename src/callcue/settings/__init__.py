"""The settings: one TOML file, and a few overrides from the environment."""

from .load import SettingsError, load
from .tables import Settings

__all__ = ["Settings", "SettingsError", "load"]
