import torch

from trainables.models.families.small_cnn import small_cnn
from trainables.training.best_epoch import BestEpoch


def network(value):
    model = small_cnn(input_shape=(1, 8, 8), n_classes=3, n_exits=1, width=4, mean=[0.0], std=[1.0])
    torch.nn.init.constant_(model.heads[0][-1].bias, value)
    return model


def told(best, depths, accuracies=()):
    """Tell one epoch after the other until it is over; the number of epochs."""
    for epoch, depth in enumerate(depths, start=1):
        report = {"epoch": epoch, "objective_at_target": depth}
        if accuracies:
            report |= {"accuracy_exit_1": 0.9, "accuracy_exit_2": accuracies[epoch - 1]}
        if best.tell(report, network(float(epoch))):
            return epoch
    return None


def kept(best):
    return float(best.weights["heads.0.2.bias"][0])


def test_waits_as_long_as_its_patience():
    best = BestEpoch(3)
    assert told(best, [2.0, 1.5, 1.6, 1.7, 1.5, 1.4]) == 5
    assert (best.report["epoch"], kept(best)) == (2, 2.0)


def test_a_better_epoch_starts_the_wait_anew():
    best = BestEpoch(3)
    assert told(best, [2.0, 2.1, 2.2, 1.9, 2.0, 2.0]) is None
    assert best.report["epoch"] == 4


def test_of_equals_the_most_accurate_is_kept_and_then_the_earliest():
    best = BestEpoch(10)
    told(best, [1.0, 1.0, 1.2, 1.0, 1.0], accuracies=[0.5, 0.8, 0.99, 0.9, 0.9])
    assert (best.report["epoch"], kept(best)) == (4, 4.0)


def test_a_more_accurate_equal_does_not_start_the_wait_anew():
    best = BestEpoch(3)
    assert told(best, [2.0, 1.0, 1.0, 1.0, 1.0], accuracies=[0.5, 0.5, 0.6, 0.7, 0.8]) == 5
    assert best.report["epoch"] == 5


def test_exits_are_compared_by_the_quality_that_is_named():
    best = BestEpoch(10, quality="error", is_maximised=False)
    for epoch, error in enumerate([0.5, 0.3, 0.4], start=1):
        report = {"epoch": epoch, "objective_at_target": 1.0, "error_exit_1": error, "accuracy_exit_1": epoch}
        best.tell(report, network(float(epoch)))
    assert (best.report["epoch"], kept(best)) == (2, 2.0)


def test_goes_on_from_a_state(tmp_path):
    first, second = BestEpoch(2), BestEpoch(2)
    told(first, [1.5, 1.6])
    torch.save(first.state(), tmp_path / "state.pt")
    second.load_state(torch.load(tmp_path / "state.pt", weights_only=True))
    for best in (first, second):
        assert best.tell({"epoch": 3, "objective_at_target": 1.7}, network(3.0))
        assert best.state()["least_since"] == 1
        assert (best.report["epoch"], kept(best)) == (1, 1.0)


def test_weights_are_copies():
    best, model = BestEpoch(2), network(1.0)
    best.tell({"epoch": 1, "objective_at_target": 1.0}, model)
    torch.nn.init.constant_(model.heads[0][-1].bias, 9.0)
    assert kept(best) == 1.0
