"""What inputs a bundle's network takes, and refusing others."""

from __future__ import annotations

import json
from typing import Any, Literal, Self
import warnings

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from trainables.data.readers import InputReader, reader_from_dict
from trainables.errors import BundleError, InputRangeWarning


# Features of new data may lie somewhat outside of what was seen; forgotten scaling is off by a factor.
_TOLERATED = 1.0


class InputSpec(BaseModel):
    """The inputs that a network was searched and certified on.

    Attributes:
        shape: (channels, height, width) of one input.
        dtype: ``uint8`` for pixels in 0..255, which are divided by 255, or ``float32`` for inputs as they are.
        lowest: The least value of the inputs on ``search``.
        highest: The largest value of the inputs on ``search``.
        reader: How a file becomes an input, in JSON; see :mod:`trainables.data.readers`.
    """

    model_config = ConfigDict(frozen=True)

    shape: tuple[int, ...]
    dtype: Literal["uint8", "float32"]
    lowest: float
    highest: float
    reader: dict[str, Any]

    @classmethod
    def of(cls, inputs: NDArray[Any], reader: InputReader) -> Self:
        """The spec of inputs, shape (N, channels, height, width), that files are read to like that."""
        return cls(
            shape=inputs.shape[1:],
            dtype="uint8" if inputs.dtype == np.uint8 else "float32",
            lowest=float(inputs.min()),
            highest=float(inputs.max()),
            reader=json.loads(json.dumps(reader.to_dict())),
        )

    def make_reader(self) -> InputReader:
        """How files become inputs.

        Raises:
            DataError: If this version knows no such reader.
        """
        return reader_from_dict(self.reader)

    def checked(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """Inputs as the network takes them, shape (n, channels, height, width), uint8 or float32.

        Raises:
            BundleError: If they have another shape, are no finite numbers, or are pixels on a scale that is neither
                0..255 nor 0..1.

        Warns:
            InputRangeWarning: If values lie far from those that the network was certified on.
        """
        if inputs.ndim != 4 or inputs.shape[1:] != self.shape or not len(inputs):
            raise BundleError(
                f"inputs must have shape (n, {', '.join(map(str, self.shape))}) but have {inputs.shape}; reshape or "
                f"resize them"
            )
        if inputs.dtype == np.uint8:
            if self.dtype != "uint8":
                self._check_range(np.divide(inputs, 255, dtype=np.float32))
            return inputs
        if inputs.dtype.kind not in "buif":
            raise BundleError(f"inputs must be numbers but are {inputs.dtype}; convert them to float32")
        inputs = inputs.astype(np.float32, copy=False)
        if not np.isfinite(inputs).all():
            raise BundleError("inputs must be finite but hold NaN or infinity; repair or leave them out")
        self._check_range(inputs)
        return inputs

    def _check_range(self, inputs: NDArray[np.float32]) -> None:
        low, high = float(inputs.min()), float(inputs.max())
        if self.dtype == "uint8":
            if low < 0 or high > 1:
                raise BundleError(
                    f"pixels must be uint8 in 0..255 or numbers in 0..1 but are {inputs.dtype} in {low:g}..{high:g}; "
                    f"convert them to uint8, or divide them by their largest possible value"
                )
            return
        slack = _TOLERATED * (self.highest - self.lowest)
        if low < self.lowest - slack or high > self.highest + slack:
            sides = (1, 2, 3)
            is_far = (inputs.min(axis=sides) < self.lowest - slack) | (inputs.max(axis=sides) > self.highest + slack)
            warnings.warn(
                f"{int(is_far.sum())} of {len(inputs)} inputs hold values in {low:g}..{high:g} but the network was "
                f"certified on {self.lowest:g}..{self.highest:g}; scale them as the training data were",
                InputRangeWarning,
                stacklevel=3,
            )
