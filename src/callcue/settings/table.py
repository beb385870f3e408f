"""What every table of the settings file has in common, and the numbers that several have."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Port = Annotated[int, Field(ge=1, le=65535)]
Bytes = Annotated[int, Field(ge=1024, le=16 * 1024**3)]
Seconds = Annotated[float, Field(ge=1, le=7 * 86400, allow_inf_nan=False)]


class Table(BaseModel):
    """A table of the file. Errors never repeat what was given: it may be a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
