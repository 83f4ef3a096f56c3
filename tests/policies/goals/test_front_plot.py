"""Fronts in a notebook: the figures are those of the points, and names are text."""

from dataclasses import replace

import pytest

from policies.errors import ExitSearchError
from policies.goals.front import Front, FrontPoint
from policies.policy import Policy
from tests.notebook_html import read_html


EVIL = "<script>alert(1)</script>"


def front_of(n_points, *, n_exits=3, violation=0.0, network=EVIL):
    return Front(
        tuple(
            FrontPoint(
                policy=Policy("confidence", (0.25,) * (n_exits - 1), (1.0,) * n_exits),
                figures={"accuracy": 0.5 + row / 200, "mean_depth": 1 + row / 100, "mean_cost": 0.1 + row / 100},
                violation=violation,
                network=network,
                certified=row % 2 == 0,
                selected=row == n_points - 1,
            )
            for row in range(n_points)
        )
    )


def test_points_are_told_apart_by_what_is_known_of_them():
    front = front_of(5)
    line, others, certified, selected = front.plot(target=0.51).data
    assert list(line.x) == front.figure("mean_depth").tolist()
    assert list(others.y) == front.figure("accuracy")[[1, 3]].tolist()
    assert list(certified.x) == front.figure("mean_depth")[[0, 2]].tolist()
    assert (selected.name, selected.y) == ("selected, certified", (front.points[4].figures["accuracy"],))
    assert EVIL not in certified.text[0]
    assert "&lt;script&gt;" in certified.text[0]
    assert "threshold at exit 2: 0.25" in certified.text[0]
    assert front.plot(target=0.51).layout.shapes[0].y0 == 0.51
    assert len(front.plot().layout.shapes) == 0


def test_axes_are_what_is_asked_for_or_what_the_front_trades():
    front = front_of(4)
    figure = front.plot(objective="cost")
    assert list(figure.data[0].x) == front.figure("mean_cost").tolist()
    fallen = Front(
        tuple(
            replace(point, figures={**point.figures, "accuracy": -row, "macro_f1": row / 10})
            for row, point in enumerate(front)
        )
    )
    assert fallen.plot().layout.yaxis.title.text == "macro f1 on search"
    with pytest.raises(ExitSearchError, match="such as accuracy, mean_depth, mean_cost, but is macro_f1"):
        front.plot(quality="macro_f1")
    with pytest.raises(ExitSearchError, match="must have policies"):
        Front(()).plot()


def test_a_page_of_sixty_policies_shows_twenty_and_the_selected_one():
    page = read_html(front_of(60)._repr_html_())
    assert page.sentence.startswith("60 policies of which none beats another: accuracy 0.5000 to 0.7950")
    assert page.sentence.endswith("30 of them certified")
    assert [row[0] for row in page.rows] == ["60", *(str(row) for row in range(1, 20))]
    assert page.rows[0][2] == EVIL
    assert "... and 40 more" in page.text


def test_nothing_feasible_one_exit_and_nothing_at_all_are_said():
    nearest = front_of(1, n_exits=1, violation=0.125)
    assert "No policy does what was asked for" in read_html(nearest._repr_html_()).sentence
    assert nearest.plot().data[-1].name == "nearest policy"
    assert read_html(Front(())._repr_html_()).sentence == "A front without policies"


def test_a_selected_policy_that_others_beat_is_said_to_be_elsewhere():
    front = Front(front_of(5).points[:4])
    assert read_html(front._repr_html_()).sentence.endswith("the selected policy is not among them")


def test_many_exits_are_counted():
    told = front_of(2, n_exits=60).plot().data[-1].text[0]
    assert told.endswith("... and 53 more exits")
