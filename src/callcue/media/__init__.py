"""Clips: which there are, and how they get to Asterisk."""
