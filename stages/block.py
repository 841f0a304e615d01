"""The base class of every stage's parameters."""

from pydantic import BaseModel, ConfigDict


class Block(BaseModel):
    """A frozen set of parameters that refuses unknown, missing and mistyped keys, and numbers that are not finite.

    Each field is a key of the parameters; none has a default, so that no number lives in code.

    Raises: pydantic.ValidationError on a wrong key or type; the runner turns it into exit code 78 with the key's name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
