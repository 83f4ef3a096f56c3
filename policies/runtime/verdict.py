"""Whether leaving early pays, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from policies.runtime.candidates import CONTROL, FULL, POLICY
from policies.runtime.speed import Speed, best_throughput


_WHAT = {FULL: "the full network", CONTROL: "the plain network that costs at most as much"}
_LEAST_NOISE = 0.02


def verdict(speeds: Sequence[Speed], against: str) -> str:
    """Whether the policy is faster than a candidate, over all batch sizes.

    Faster or slower by less than two measurements of the same differ is neither.

    Args:
        speeds: What was measured at each batch size.
        against: Name of the candidate: the full network or the static control.
    """
    ordered = sorted(speeds, key=lambda one: one.batch_size)
    signs = {speed.batch_size: _sign(speed, against) for speed in ordered}
    told = (f"{_by_how_much(speed, against)} at batch {speed.batch_size}" for speed in ordered)
    return f"{_in_words(signs)} against {_WHAT.get(against, against)}: {', '.join(told)}"


def throughput_line(speeds: Sequence[Speed]) -> str:
    """The most samples per second of the policy beside those of the others, each at its best batch size."""
    by_size = {speed.batch_size: speed for speed in speeds}
    names = [name for name in (POLICY, FULL, CONTROL) if all(name in speed.times for speed in speeds)]
    told = [f"{name} {rate:,.0f} at batch {size}" for name in names for size, rate in [best_throughput(by_size, name)]]
    return f"most samples per second: {', '.join(told)}"


def _sign(speed: Speed, against: str) -> int:
    """1 where the policy is faster, -1 where it is slower, 0 where noise is larger than the difference."""
    factor, noise = speed.over(against), max(speed.noise, _LEAST_NOISE)
    return 1 if factor > 1 + noise else -1 if factor < 1 / (1 + noise) else 0


def _by_how_much(speed: Speed, against: str) -> str:
    factor = speed.over(against)
    how = (f"takes {1 / factor:.2f} times as long", "as fast as far as noise tells", f"{factor:.2f} times as fast")
    return how[_sign(speed, against) + 1]


def _in_words(signs: Mapping[int, int]) -> str:
    sizes = list(signs)
    paying = [size for size in sizes if signs[size] > 0]
    if len(paying) == len(sizes):
        return "pays at every batch size" if len(sizes) > 1 else f"pays at batch {sizes[0]}"
    if not paying:
        if not any(signs.values()):
            return "makes no difference beyond noise"
        return "never pays" if len(sizes) > 1 else f"does not pay at batch {sizes[0]}"
    if paying == sizes[-len(paying) :]:
        return f"does not pay below batch {paying[0]}"
    if paying == sizes[: len(paying)]:
        return f"does not pay above batch {paying[-1]}"
    return f"pays at batch {', '.join(map(str, paying))} only"
