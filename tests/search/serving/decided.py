"""What a served model must answer: what its policy decides on the exit table of the same samples."""

import numpy as np

from tests.bundles import digits_policy, trained_digits


def served_inputs():
    """Inputs of ``test``, in the order of its table."""
    return trained_digits().splits.test.inputs


def assert_as_decided(answers, rule="confidence", rows=slice(None)):
    """Sample by sample; thresholds lie between scores, so that rounding changes nothing."""
    trained = trained_digits()
    decision = digits_policy(rule).decide(trained.tables["test"])
    names = np.array(trained.network.config.class_names)
    np.testing.assert_array_equal(answers["depth"], decision.exits[rows] + 1)
    np.testing.assert_array_equal(answers["label"], names[decision.answers[rows]])
    np.testing.assert_allclose(answers["confidence"], decision.probabilities[rows].max(axis=1), atol=1e-5)
