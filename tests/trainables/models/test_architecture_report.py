"""What a network tells of its architecture, against the same worked out input by input."""

from collections import Counter
import json

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
import numpy as np
import pytest

from tests.trainables.models.architectures import made_up_report, random_report, shares_of
from trainables.models.families.small_cnn import small_cnn


@st.composite
def parameters(draw):
    """Global parameters and what they are moved by, of few values, so that there are ties."""
    n_inputs, n_edges, n_operations = (draw(st.integers(1, most)) for most in (6, 4, 4))
    values = st.sampled_from([-1.5, -0.5, 0.0, 0.5, 2.0])
    alpha = draw(arrays(np.float32, (n_edges, n_operations), elements=values))
    return alpha, draw(arrays(np.float32, (n_inputs, n_edges, n_operations), elements=values))


@given(parameters())
def test_figures_are_those_of_every_input_alone(found):
    alpha, perturbation = found
    report = made_up_report(alpha, perturbation)
    choices = [[list(row).index(max(row)) for row in alpha + one] for one in perturbation]
    of_alpha = [list(row).index(max(row)) for row in alpha]
    edges, n_inputs = range(len(alpha)), len(perturbation)
    counts = [Counter(one[edge] for one in choices) for edge in edges]
    most = [max(range(alpha.shape[1]), key=lambda k, edge=edge: (counts[edge][k], -k)) for edge in edges]
    np.testing.assert_allclose(report.chosen, [[own[k] / n_inputs for k in range(alpha.shape[1])] for own in counts])
    assert report.choice_of_alpha.tolist() == of_alpha
    assert report.other_than_alpha == pytest.approx(sum(one != of_alpha for one in choices) / n_inputs)
    assert report.other_than_most == pytest.approx(sum(one != most for one in choices) / n_inputs)
    others = [sum(one[edge] != of_alpha[edge] for one in choices) / n_inputs for edge in edges]
    np.testing.assert_allclose(report.other_by_edge, others, atol=1e-12)
    assert report.choices_other_than_alpha == pytest.approx(sum(others) / len(alpha))
    shares = shares_of(alpha, perturbation)
    np.testing.assert_allclose(report.mean, sum(shares) / n_inputs, atol=1e-6)
    np.testing.assert_allclose(report.sd, np.sqrt(sum((shares - report.mean) ** 2) / n_inputs), atol=1e-6)
    norms = [sum(float(value) ** 2 for value in one.ravel()) for one in perturbation]
    assert report.squared_norm == pytest.approx(sum(norms) / n_inputs)
    spread = np.sqrt(((perturbation - perturbation.mean(axis=0)) ** 2).mean(axis=0))
    np.testing.assert_allclose(report.perturbation_sd, spread, atol=1e-6)
    assert report.mean_perturbation_sd == pytest.approx(np.sqrt((spread**2).mean()), abs=1e-6)


def test_without_a_perturbation_all_inputs_are_alike():
    alpha = [[0.0, 1.0, 2.0], [3.0, 1.0, 2.0]]
    fixed, still = made_up_report(alpha), made_up_report(alpha, np.zeros((7, 2, 3)))
    for report in (fixed, still):
        np.testing.assert_allclose(report.mean, shares_of(np.array(alpha))[0], atol=1e-7)
        assert not report.sd.any()
        assert report.chosen.tolist() == [[0, 0, 1], [1, 0, 0]]
        assert report.other_than_alpha == report.other_than_most == report.squared_norm == 0.0
    assert (fixed.is_adaptive, still.is_adaptive) == (False, True)


def test_a_move_that_all_inputs_share_is_told_from_adapting():
    """All choose another operation than alpha, and none another than the rest."""
    report = made_up_report([[0.0, 1.0, 0.0]], np.full((9, 1, 3), [5.0, 0.0, 0.0]))
    assert report.other_than_alpha == report.choices_other_than_alpha == 1.0
    assert report.other_than_most == report.mean_perturbation_sd == 0.0
    assert report.squared_norm == 25.0


def test_what_differs_by_less_than_its_softmax_can_hold_is_no_tie():
    alpha = np.array([[1.0, 1.0 + 1e-7, 0.0]])
    assert made_up_report(alpha).choice_of_alpha.tolist() == [1]
    assert made_up_report(alpha, np.zeros((3, 1, 3))).other_than_alpha == 0.0


def test_json_form_tells_edge_by_edge():
    report = random_report(n_edges=3)
    told = json.loads(json.dumps(report.to_dict()))
    assert told["operations"] == list(report.operations)
    assert told["n_inputs"] == 40
    assert [one["edge"] for one in told["edges"]] == ["0 -> 1", "1 -> 2", "2 -> 3"]
    for place, one in enumerate(told["edges"]):
        assert one["mean"] == report.mean[place].tolist()
        assert one["choice_of_mean"] == report.operations[np.argmax(one["mean"])]
        assert sum(one["mean"]) == pytest.approx(1)
        assert sum(one["chosen"]) == pytest.approx(1)


def test_other_networks_have_nothing_to_tell_and_compute_nothing():
    model = small_cnn(input_shape=(1, 8, 8), n_classes=3, n_exits=2, width=4, mean=[0.3], std=[0.2])
    model.forward = model.said = None
    assert model.architecture_report(np.zeros((2, 1, 8, 8), dtype=np.float32)) is None
