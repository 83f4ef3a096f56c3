"""Small functions for compiled loops that a compiler can apply to several numbers at a time, unlike those of libm."""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import binding, ir
from numba import types
from numba.extending import intrinsic, overload
import numpy as np


_HALF_BITS, _HALF_SIGN, _EXPONENT_GAP = 0x7FFF, 0x8000, 112
_LOG2_E = 1.4426950408889634
# ln 2 in two parts, of which the first has so few digits that its multiples are exact (Cody and Waite, 1980).
_LN2_HIGH, _LN2_LOW = 0.693359375, -2.121944400546905827679e-4


def _reads_halves() -> bool:
    """Whether this processor has an instruction for half floats."""
    if platform.machine().lower() in ("aarch64", "arm64"):
        return True
    return bool(binding.get_host_cpu_features().get("f16c", False))


@intrinsic  # type: ignore[untyped-decorator]
def half_as_float(typing_context: Any, bits: Any) -> Any:
    """The float32 that the 16 bits of a half float mean; a float32 stays what it is."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (given,) = arguments
        if bits != types.uint16:
            return given
        if _reads_halves():
            return builder.fpext(builder.bitcast(given, ir.HalfType()), ir.FloatType())
        wide = ir.IntType(32)
        word = builder.zext(given, wide)
        size = builder.shl(builder.and_(word, wide(_HALF_BITS)), wide(13))
        sign = builder.shl(builder.and_(word, wide(_HALF_SIGN)), wide(16))
        value = builder.bitcast(builder.or_(size, sign), ir.FloatType())
        return builder.fmul(value, ir.FloatType()(2.0**_EXPONENT_GAP))

    return types.float32(bits), generate


@intrinsic  # type: ignore[untyped-decorator]
def _nearest_integer(typing_context: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = context.get_value_type(value)
        return builder.call(builder.module.declare_intrinsic("llvm.rint", [kind]), arguments)

    return value(value), generate


@intrinsic  # type: ignore[untyped-decorator]
def _power_of_two(typing_context: Any, exponent: Any) -> Any:
    """Two to the power of an integer, given as a float of which that is a normal number."""
    n_bits, n_digits, bias = (64, 52, 1023) if exponent == types.float64 else (32, 23, 127)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind, word = context.get_value_type(exponent), ir.IntType(n_bits)
        # Added to 1.5 * 2**52 (float32: 2**23), an integer lies in the lowest bits.
        biased = builder.fadd(arguments[0], kind(1.5 * 2.0**n_digits + bias))
        return builder.bitcast(builder.shl(builder.bitcast(biased, word), word(n_digits)), kind)

    return exponent(exponent), generate


def exp_of_negative(x: Any) -> Any:
    """``exp(x)`` for x <= 0, only within compiled loops; below the least normal number it stays about that.

    The relative error is below 1e-14 for float64 and 3e-7 for float32: Taylor's polynomial on half an octave around 0,
    times a power of two.
    """
    raise NotImplementedError


@overload(exp_of_negative, inline="always")  # type: ignore[untyped-decorator]
def _exp_of_negative(x: Any) -> Any:
    return _exp_of_float64 if x == types.float64 else _exp_of_float32


def _exp_of_float64(x: Any) -> Any:
    x = max(x, -708.0)
    octaves = _nearest_integer(x * _LOG2_E)
    rest = (x - octaves * _LN2_HIGH) - octaves * _LN2_LOW
    series = 1 / 39916800
    series = series * rest + 1 / 3628800
    series = series * rest + 1 / 362880
    series = series * rest + 1 / 40320
    series = series * rest + 1 / 5040
    series = series * rest + 1 / 720
    series = series * rest + 1 / 120
    series = series * rest + 1 / 24
    series = series * rest + 1 / 6
    series = series * rest + 0.5
    series = series * rest + 1.0
    series = series * rest + 1.0
    return series * _power_of_two(octaves)


def _exp_of_float32(x: Any) -> Any:
    x = max(x, np.float32(-87.0))
    octaves = _nearest_integer(x * np.float32(_LOG2_E))
    rest = (x - octaves * np.float32(_LN2_HIGH)) - octaves * np.float32(_LN2_LOW)
    series = np.float32(1 / 5040)
    series = series * rest + np.float32(1 / 720)
    series = series * rest + np.float32(1 / 120)
    series = series * rest + np.float32(1 / 24)
    series = series * rest + np.float32(1 / 6)
    series = series * rest + np.float32(0.5)
    series = series * rest + np.float32(1.0)
    series = series * rest + np.float32(1.0)
    return series * _power_of_two(octaves)
