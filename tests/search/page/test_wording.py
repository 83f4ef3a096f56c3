import pytest

from policies.registry import capital
from search.page.wording import bounded, sentence


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
    assert told.startswith(capital(given))


def test_what_a_bound_is_about():
    assert bounded("image_f1 is at least 0.5, found_objects is at least 0.4") == "image F1"
    assert bounded("something that holds") == "something that holds"
