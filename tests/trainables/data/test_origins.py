import numpy as np
import pytest

from trainables.data.origins import join_origins
from trainables.errors import JoinedOriginsWarning


CAFE, CAFE_DECOMPOSED = "caf\u00e9", "cafe\u0301"


@pytest.mark.usefixtures("no_other_warnings")
def test_what_nobody_sees_makes_no_other_origin():
    found = join_origins(np.array(["s1", "s1 ", "\ufeffs1", CAFE, CAFE_DECOMPOSED, "s2"]), "here")
    assert found.tolist() == ["s1", "s1", "s1", CAFE, CAFE, "s2"]


def test_case_makes_none_either_but_is_told():
    with pytest.warns(JoinedOriginsWarning) as caught:
        found = join_origins(np.array(["s1", "S1", "s2", "Anna", "ANNA"]), "here")
    assert found.tolist() == ["S1", "S1", "s2", "ANNA", "ANNA"]
    (message,) = [str(warning.message) for warning in caught]
    assert message.startswith("here, 2 origins are spelled in several ways, 'ANNA', 'Anna' among them: what differs in")
