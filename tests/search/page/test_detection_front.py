"""What the page tells of policies of detectors: boxes are found, not right or wrong."""

from io import BytesIO

import numpy as np
from PIL import Image
import pytest

from policies.evaluation.cross_fitted import cross_fitted_decision
from policies.metrics.detection.figures import policy_figures
from policies.tables.boxes import SCORE, is_box
from search.page.front.choice import titled_groups_of
from search.page.front.examples import Examples
from search.page.front.outcomes import outcomes
from search.page.page import rendered
from search.page.sections.front import front
from tests.chromium import open_page
from tests.detection_tables import make_detection_table
from tests.search.page.sections.finished import searched


def picture():
    file = BytesIO()
    Image.new("RGB", (8, 8), "#aaaaaa").save(file, format="WEBP")
    return file.getvalue()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    found = searched(
        tmp_path_factory.mktemp("detector"), make_detection_table, "--target", "0.5", splits=("search", "test")
    )
    Examples(dict.fromkeys(found.table("", "search").ids.tolist(), picture())).save(found.folder.examples_file)
    return found


@pytest.fixture(scope="module")
def page(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(rendered("detector", [front(run)]))
    return path


def told(run):
    return dict(outcomes(run.points, lambda _: run.table("", "search"), seed=run.seed))


def test_details_are_the_evaluators(run):
    table, details = run.table("", "search"), front(run).data["details"]
    for place, point in enumerate(run.points):
        figures = policy_figures(table, cross_fitted_decision(point.policy, table))
        own = details[str(place)]
        assert own["image_f1"] == pytest.approx(figures["image_f1"], abs=1e-4)
        assert {name: share for name, share, _ in own["recall"]} == pytest.approx(figures["ap_50_by_class"], abs=1e-4)
        assert own["mix"] == pytest.approx(figures["exit_mix"], abs=1e-6)
        assert "right" not in own
        assert "reliability" not in own


def test_images_that_gained_and_lost_are_told(run):
    groups = [(title, own) for outcome in told(run).values() for title, own, _ in titled_groups_of(outcome)]
    assert not any("right" in title for title, _ in groups)
    assert any(title.startswith("lost: F1 lower by 0.1 or more") and own.any() for title, own in groups)


def test_examples_tell_what_is_there_and_what_was_found(run):
    data, table = front(run).data, run.table("", "search")
    for place, outcome in told(run).items():
        answers = outcome.answers
        for _, _, rows in data["details"][str(place)]["examples"]:
            for number, *_, f1, found in rows:
                assert 0 <= f1 <= 1
                assert len(data["boxes"]["objects"][number]) <= table.objects.shape[1]
                n_used = (is_box(answers) & (answers[..., SCORE] >= np.float32(0.3))).sum(axis=1)
                assert len(data["boxes"]["found"][found]) in n_used


def test_boxes_are_drawn_over_the_pictures(page, run):
    with open_page(page) as tab:
        tab.wait_for_selector("#front-panel .boxed")
        data = front(run).data
        groups = data["details"][tab.get_attribute("#front-panel", "data-policy")]["examples"]
        shown = [row for _, _, rows in groups for row in rows]
        n_found = sum(len(data["boxes"]["found"][row[5]]) for row in shown)
        n_there = sum(len(data["boxes"]["objects"][row[0]]) for row in shown)
        assert tab.locator("#front-panel rect.found").count() == n_found > 0
        assert tab.locator("#front-panel rect.true").count() == n_there > 0
        image, drawing = (tab.locator(f"#front-panel .boxed {one}").first.bounding_box() for one in ("img", "svg"))
        assert image == pytest.approx(drawing)
        panel = tab.inner_text("#front-panel")
        assert all(name in panel for name, _ in data["colours"])
        assert "AP@.5 by class" in panel and "there: " in panel and "found: " in panel
        assert not any(word in panel for word in ("accuracy", "answered", "right"))
