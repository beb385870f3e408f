"""The heart of callcue: call sessions and their state machine. Standard library only."""
