"""Ears: what a party in a call hears, taken from its audio and not from replies."""
