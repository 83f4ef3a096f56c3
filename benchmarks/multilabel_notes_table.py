"""A made-up table of several labels a sample, drawn to the sizes and figures of the NeuroAccuExit results log.

867 parents of 5 samples, 10 labels, 3 exits of relative cost .036064, .357376 and 1. It is drawn so:

- A parent's labels are on independently, each with its own prevalence, and drawn again while none is on. Prevalences
  fall from 300 of 867 to the two rare labels, 29 and 12 of 867 on average.
- What an exit sees of a label of a sample is ``signal * clearness + bias + difficulty * (parent + sample + exit)``, and
  its logit that times the exit's ``gain``. ``clearness`` is 1 of a label that is on (less of the rare ones: labels
  differ in difficulty, everywhere alike) and -1.35 of one that is off. ``parent`` is normal, drawn once for a parent
  and label, ``sample`` once for a sample and label: both are shared by all exits, whose errors therefore hang together,
  and the first by all samples of the parent. ``exit`` is drawn for each exit, in part once for the whole parent.
  ``difficulty`` is log-normal, drawn once for a parent.

The constants were found by a random search against the figures that this prints beside those of the log, as means over
draws. A second kind of data, of which the full network has .714 exact match as on the log's validation, is the same
network on parents that are harder. Usage: ``python benchmarks/multilabel_notes_table.py [--draws N] [--save FILE]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from policies.goals.figures import quality_of
from policies.multilabel_notes.choices import notes_choices
from policies.policy import Policy
from policies.pooling.answering import Answering, Level
from policies.tables.multilabel import MultiLabelTable


N_PARENTS, PARENT_SIZE = 867, 5
COST = (0.036064, 0.357376, 1.0)
POSITIVES = (300, 240, 200, 160, 120, 90, 65, 50, 29, 12)
LABEL_NAMES = tuple(f"label-{number}" for number in range(len(POSITIVES)))
QUALITIES = {
    "label_macro_f1": "macro-F1",
    "label_micro_f1": "micro-F1",
    "exact_match": "exact match",
    "hamming": "Hamming loss",
}
MEAN_AT_HALF = Answering(pooling="mean")
_LOGGED = {
    "full network, macro-F1": 0.862382,
    "full network, micro-F1": 0.953131,
    "full network, exact match": 0.876586,
    "full network, Hamming loss": 0.013725,
    "exit 2 alone, exact match": 0.5156,
    "exit 1 alone, exact match": 0.0577,
    "v0.11, saved": 0.0753,
    "v0.11, drop of exact match": 0.0381,
    "reading at full depth until .40, saved": 0.33,
    "reading at full depth until .35, saved": 0.44,
}
"""What the log has, parents pooled by the mean at half."""


@dataclass(frozen=True)
class Kind:
    """What network looks at what data.

    Attributes:
        signal: How much each exit sees of what is there.
        gain: What each exit's view is multiplied by.
        bias: What each exit sees where there is nothing.
        exit_noise: Standard deviation of what each exit alone sees.
        whole_parent: Part of the variance of ``exit_noise`` that all samples of a parent share.
        parent_noise: Standard deviation of what all exits see in all samples of a parent.
        sample_noise: Standard deviation of what all exits see in a sample.
        spread: Standard deviation of the logarithm of a parent's difficulty.
        difficulty: Median difficulty of a parent.
        off: Clearness of a label that is off.
        rare: Clearness of the two rare labels where they are on.
    """

    signal: tuple[float, ...] = (0.31, 0.96, 2.37)
    gain: tuple[float, ...] = (0.83, 2.63, 1.56)
    bias: tuple[float, ...] = (-0.165, -0.025, 0.0)
    exit_noise: tuple[float, ...] = (0.27, 0.37, 0.96)
    whole_parent: float = 0.456
    parent_noise: float = 0.74
    sample_noise: float = 0.585
    spread: float = 0.37
    difficulty: float = 1.0
    off: float = -1.35
    rare: tuple[float, float] = (0.14, -0.03)


SAME = Kind()
"""The data of the log's holdout."""
OTHER = replace(SAME, difficulty=1.41)
"""The data of the log's validation: harder parents, of which the full network has .714 exact match."""


def draw_table(n_parents: int = N_PARENTS, seed: Any = 0, kind: Kind = SAME, *, prefix: str = "p") -> MultiLabelTable:
    """A table of parents of five samples each.

    Args:
        n_parents: Number of parents.
        seed: Seed of the draw: a number, or a sequence of some.
        kind: What network looks at what data.
        prefix: What names of parents begin with; tables that are used together need different ones.
    """
    rng = np.random.default_rng(seed)
    labels = _draw_labels(n_parents, rng)
    logits = _draw_logits(labels, kind, rng)
    names = np.array([f"{prefix}{number:06d}" for number in range(n_parents)]).repeat(PARENT_SIZE)
    order = np.tile(np.arange(PARENT_SIZE, dtype=np.int64), n_parents)
    return MultiLabelTable(
        logits=logits.reshape(n_parents * PARENT_SIZE, len(COST), -1).astype(np.float32),
        labels=labels.repeat(PARENT_SIZE, axis=0).astype(np.uint8),
        cost=np.array(COST),
        ids=np.array([f"{name}#{place}" for name, place in zip(names, order, strict=True)]),
        parents=names,
        order=order,
        meta={"label_names": LABEL_NAMES},
    )


def _draw_labels(n_parents: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Labels of each parent, shape (G, L); at least one is on."""
    wanted = np.array(POSITIVES) / N_PARENTS
    drawn = wanted
    for _ in range(200):
        # Drawing again where none is on makes every label more frequent: by so much it is drawn too rarely.
        drawn = wanted * (1 - np.prod(1 - drawn))
    labels, empty = np.zeros((n_parents, len(wanted)), dtype=bool), np.arange(n_parents)
    while empty.size:
        labels[empty] = rng.random((empty.size, len(wanted))) < drawn
        empty = np.flatnonzero(~labels.any(axis=1))
    return labels


def _draw_logits(labels: NDArray[np.bool_], kind: Kind, rng: np.random.Generator) -> NDArray[np.float64]:
    """Logits of parents, samples, exits and labels, shape (G, M, E, L)."""
    n_parents, n_labels = labels.shape
    of_parents, of_samples = (n_parents, 1, n_labels), (n_parents, PARENT_SIZE, n_labels)
    clearness = np.where(labels, [1.0] * (n_labels - 2) + [*kind.rare], kind.off)[:, None]
    difficulty = kind.difficulty * np.exp(kind.spread * rng.normal(size=(n_parents, 1, 1)))
    shared = kind.parent_noise * rng.normal(size=of_parents) + kind.sample_noise * rng.normal(size=of_samples)
    exits = []
    for signal, gain, bias, noise in zip(kind.signal, kind.gain, kind.bias, kind.exit_noise, strict=True):
        parts = np.sqrt([kind.whole_parent, 1 - kind.whole_parent])
        own = noise * (parts[0] * rng.normal(size=of_parents) + parts[1] * rng.normal(size=of_samples))
        exits.append(gain * (signal * clearness + bias + difficulty * (shared + own)))
    return np.stack(exits, axis=2)


def figures(table: MultiLabelTable) -> dict[str, float]:
    """What a table has of what the log tells; its outputs are taken as they are, without temperatures."""
    table, ones = table.answered(MEAN_AT_HALF), np.ones(len(COST))
    exact = "exact_match"

    def of(policy: Policy, quality: str = exact) -> float:
        return quality_of(quality, table, policy.decide(table))

    def at(k: int) -> Policy:
        rows = [(0.0,) if exit_index == k else (np.inf,) for exit_index in range(len(COST) - 1)]
        return Policy("label-margin", tuple(rows), (1.0,) * len(COST), answering=MEAN_AT_HALF)

    full = at(len(COST) - 1)
    v11 = notes_choices(table, ones, evolves=False)["v0.11"]
    found = {f"full network, {title}": of(full, name) for name, title in QUALITIES.items()}
    found |= {f"exit {k + 1} alone, exact match": of(at(k)) for k in (1, 0)}
    found |= {
        "v0.11, saved": v11.saved,
        "v0.11, drop of exact match": found["full network, exact match"] - of(v11.policy),
    }
    for sureness in (0.40, 0.35):
        reading = MEAN_AT_HALF.model_copy(update={"level": Level.READING, "read_until": sureness})
        read = replace(full, answering=reading).decide(table).exits >= 0
        found[f"reading at full depth until {sureness:.2f}, saved".replace("0.", ".")] = 1 - float(read.mean())
    return found


def compare(console: Console, n_draws: int) -> None:
    """Print the means over draws beside the log's figures."""
    shown = Table(title=f"{N_PARENTS} parents, means over {n_draws} draws")
    for heading in ("", "log", "drawn", "another kind"):
        shown.add_column(heading, justify="left" if not heading else "right")
    columns: list[Mapping[str, float]] = [_LOGGED]
    for kind in (SAME, OTHER):
        draws = [figures(draw_table(seed=seed, kind=kind)) for seed in range(n_draws)]
        columns.append({name: float(np.mean([one[name] for one in draws])) for name in _LOGGED})
    for name in _LOGGED:
        shown.add_row(name, *(f"{column[name]:.4f}" for column in columns))
    console.print(shown)


def main() -> None:
    """Draw, compare, and save a table where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--save", type=Path, help=".npz file for the first draw")
    arguments = parser.parse_args()
    compare(Console(width=120), arguments.draws)
    if arguments.save is not None:
        draw_table().save(arguments.save)


if __name__ == "__main__":
    main()
