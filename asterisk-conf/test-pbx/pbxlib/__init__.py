"""A throw-away Asterisk for callcue's demonstration and tests. Standard library only."""
