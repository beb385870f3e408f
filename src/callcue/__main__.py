"""`python -m callcue` is `callcue`."""

from .cli import main

if __name__ == "__main__":
    main()
