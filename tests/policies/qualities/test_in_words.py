"""Names of qualities in texts."""

import pytest

from policies.qualities import in_words


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            "image_f1 0.5, a relative drop of map_50 of at most 0.1",
            "image F1 0.5, a relative drop of mAP@.5 of at most 0.1",
        ),
        ("the drop of exact_match is at most 0.02", "the drop of exact match is at most 0.02"),
        ("worst_class_map_50 is at least 0.3", "worst class AP@.5 is at least 0.3"),
        ("label_recall[rain_2] is at least 0.7", "label recall[rain_2] is at least 0.7"),
        ("mapped and my_map_50 stay", "mapped and my_map_50 stay"),
        ("label_recall[map] stays the label's", "label recall[map] stays the label's"),
        ("mine:map_50 is at least 0.5", "mine:map_50 is at least 0.5"),
        ("accuracy 0.9", "accuracy 0.9"),
    ],
)
def test_qualities_are_called_as_a_person_reads_them(given, told):
    assert in_words(given) == told
