"""Made-up reports of architectures."""

import numpy as np

from trainables.models.architecture_report import ArchitectureReport


OPERATIONS = ("convolution", "average_pool", "identity")


def shares_of(alpha, perturbation=0.0):
    """``p(x)`` by the textbook, one edge of one input after the other."""
    moved = np.reshape(alpha + perturbation, (-1, *alpha.shape))
    shares = np.empty(moved.shape)
    for place in np.ndindex(moved.shape[:2]):
        powers = np.exp(moved[place])
        shares[place] = powers / powers.sum()
    return shares.astype(np.float32)


def made_up_report(alpha, perturbation=None):
    """Of global parameters, shape (edges, K), and what they are moved by, shape (N, edges, K); None for one input."""
    alpha = np.asarray(alpha, dtype=np.float32)
    if perturbation is not None:
        perturbation = np.asarray(perturbation, dtype=np.float32)
    return ArchitectureReport.of(
        edges=[f"{edge} -> {edge + 1}" for edge in range(len(alpha))],
        operations=[OPERATIONS[place] if place < 3 else f"operation_{place}" for place in range(alpha.shape[1])],
        alpha=alpha,
        shares=shares_of(alpha, 0.0 if perturbation is None else perturbation),
        perturbation=perturbation,
        n_inputs=1 if perturbation is None else len(perturbation),
    )


def random_report(n_edges=5, n_inputs=40, *, seed=0, spread=1.0):
    """With normal parameters, moved for every input."""
    generator = np.random.default_rng(seed)
    alpha = generator.normal(size=(n_edges, len(OPERATIONS)))
    return made_up_report(alpha, spread * generator.normal(size=(n_inputs, *alpha.shape)))
