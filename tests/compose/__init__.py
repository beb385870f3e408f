"""docker/ built and run for real. Not part of `make test`: `make compose-test`."""
