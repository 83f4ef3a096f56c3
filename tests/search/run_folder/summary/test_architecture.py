"""The sentence that a person reads of an architecture."""

from search.run_folder.summary import ArchitectureSummary


FOUND = {
    **{"n_inputs": 360, "n_edges": 10, "operations": {"separable_3x3": 7, "max_pool": 2, "zero": 1}},
    **{"is_adaptive": True, "other_than_alpha": 0.98, "choices_other_than_alpha": 0.1, "other_than_most": 0.1111},
    **{"perturbation_sd": 0.1473, "squared_norm": 21.08},
}


def test_sentence_tells_operations_and_how_much_they_vary():
    assert ArchitectureSummary.model_validate(FOUND).sentence == (
        "7 of 10 edges choose separable_3x3, 2 max_pool, 1 zero; on some edge 98.0% of the inputs would choose another "
        "operation than alpha does (10.0% of all choices), 11.1% another than most inputs do; sd of Delta alpha 0.147"
    )


def test_a_fixed_architecture_varies_by_nothing():
    summary = ArchitectureSummary.model_validate({**FOUND, "is_adaptive": False})
    assert summary.sentence == "7 of 10 edges choose separable_3x3, 2 max_pool, 1 zero; the same for all inputs"
    assert summary.figures == {}


def test_figures_of_how_much_it_varies():
    names = ("other_than_alpha", "choices_other_than_alpha", "other_than_most", "perturbation_sd", "squared_norm")
    assert ArchitectureSummary.model_validate(FOUND).figures == {name: FOUND[name] for name in names}
