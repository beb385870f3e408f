"""Requests to where a client says: only to addresses that were judged, and to nobody's inside."""
