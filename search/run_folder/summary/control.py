"""What a summary tells of the plain network that the selected policy is compared with."""

from __future__ import annotations

from search.run_folder.summary.certificate import CertificateSummary
from search.run_folder.summary.part import SummaryPart
from search.run_folder.summary.policies import PolicyFigures


class ControlTrial(SummaryPart):
    """One plain network that was trained to be compared with the selected policy.

    Attributes:
        name: Name of the trial, which its checkpoints have too.
        exit: Depth of its exit in the network that it is cut from, counted from 1.
        width: Channels of its first stage.
        macs: Multiply-accumulates for one sample.
        quality: The quality that was asked for on ``search``, of the best seed; None where the training failed.
        failure: Why the training failed, or empty.
    """

    name: str
    exit: int
    width: int
    macs: int
    quality: float | None = None
    failure: str = ""


class ControlSummary(PolicyFigures):
    """The plain network that the selected policy is compared with: one exit, no earlier heads, and no more cost.

    Of the figures on each split, costs are relative to the full network of the selected policy. There are none that
    tell of depth or of several exits.

    Attributes:
        network: Name of the network: its trial, with the seed where there are several.
        family: Family of the network, or the workload whose own network it is.
        width: Channels of its first stage.
        exit: Depth of its exit in the network that it is cut from, counted from 1.
        seed: Seed that it was trained with.
        macs: Multiply-accumulates for one sample.
        budget_macs: The most that it may take: those of the selected policy, on average on ``search``.
        relative_cost: Its multiply-accumulates over those of the selected policy's full network.
        parameters: Number of its weights.
        temperature: Divisor of its logits, fitted on ``search``.
        certified: Whether what was claimed holds of it, with confidence.
        certificate: What came of certifying it; None where nothing was claimed that a network without exits can keep.
        better: Which is better on the last split, ``control`` or ``policy``, as far as its samples can show; else
            ``neither``.
        p_value: Of the paired test that they do not differ there.
        verdict: The same in words, with what both cost.
        times: What both take for a sample as measured, in words; empty where nobody measured it.
        trials: All plain networks that were trained; the best on ``search`` is the one that is compared.
    """

    network: str
    family: str
    width: int
    exit: int
    seed: int
    macs: int
    budget_macs: int
    relative_cost: float
    parameters: int
    temperature: float
    certified: bool = False
    certificate: CertificateSummary | None = None
    better: str = "neither"
    p_value: float = 1.0
    verdict: str = ""
    times: str = ""
    trials: list[ControlTrial] = []
