"""Paths of the settings: from the text of a file to one that can be asked for."""

from pathlib import Path


def path_beside(folder: Path, text: str) -> Path:
    """What *text* means in a settings file that lies in *folder*. It need not be there.

    Raises:
        ValueError: no path can be made of it.

    """
    if not text.isprintable():
        raise ValueError("must be a path, without control characters")
    try:
        return folder / Path(text).expanduser()
    except RuntimeError:
        raise ValueError("names the home of a user who is not there") from None
