import pytest

from search.page.wording import beginning, bounded, in_words, sentence


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
        ("accuracy 0.9", "accuracy 0.9"),
    ],
)
def test_qualities_are_called_as_on_the_rest_of_the_page(given, told):
    assert in_words(given) == told


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("mAP@.5 falls", "mAP@.5 falls."),
        ("worst class AP@.5 0.7", "Worst class AP@.5 0.7."),
        ("estimated by bootstrap.", "Estimated by bootstrap."),
        ("", ""),
    ],
)
def test_sentences_begin_and_end(given, told):
    assert sentence(given) == told
    assert told.startswith(beginning(given))


def test_what_a_bound_is_about():
    assert bounded("image_f1 is at least 0.5, found_objects is at least 0.4") == "image F1"
    assert bounded("something that holds") == "something that holds"
