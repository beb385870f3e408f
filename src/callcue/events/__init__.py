"""What workspaces are told of their playbacks: on record first, then to whoever listens."""
