"""What a summary tells of how long the selected policy really takes."""

from __future__ import annotations

from search.run_folder.summary.part import SummaryPart


class Milliseconds(SummaryPart):
    """Milliseconds for one sample, over the samples that were timed; each sample's is the median of its rounds.

    Attributes:
        mean: Mean over samples.
        p90: What nine of ten samples keep within.
        worst: The longest of a sample.
    """

    mean: float
    p90: float
    worst: float

    @property
    def words(self) -> str:
        """All three for a person."""
        return f"mean {self.mean:.2f}, P90 {self.p90:.2f}, worst {self.worst:.2f} ms"


class LatencySummary(SummaryPart):
    """The selected policy beside the full network without early heads, both run on the same samples of ``test``.

    Samples come one at a time, and leave where the policy lets them: what lies behind is never computed.

    Attributes:
        executor: What ran the network, such as ``torch``.
        threads: Threads that it was computed with.
        n_samples: Number of samples that were timed.
        n_rounds: How often each was timed.
        policy: Times of the selected policy, with its gates and every head on the way.
        full: Times of the full network, which asks its last exit alone.
        ratio: Mean time of the policy over that of the full network; below 1 where leaving early pays.
        exit_mix: Share of the samples that left at each depth.
    """

    executor: str
    threads: int
    n_samples: int
    n_rounds: int
    policy: Milliseconds
    full: Milliseconds
    ratio: float
    exit_mix: list[float]

    @property
    def figures(self) -> dict[str, float]:
        """All figures side by side: ``policy_<figure>_ms``, ``full_<figure>_ms`` and ``ratio``."""
        times = {"policy": self.policy, "full": self.full}
        return {
            **{f"{who}_{name}_ms": float(value) for who, own in times.items() for name, value in own},
            "ratio": self.ratio,
        }

    @property
    def sentence(self) -> str:
        """All of it for a person."""
        threads = f"{self.threads} thread{'' if self.threads == 1 else 's'}"
        return (
            f"policy {self.policy.words}; full network {self.full.words}: {self.ratio:.3f} of it "
            f"({self.executor}, {threads}, {self.n_samples} samples, one at a time)"
        )
