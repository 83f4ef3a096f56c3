from policies.metrics.undertrained import undertrained_note


def test_only_a_large_gain_is_told():
    assert undertrained_note(0.95, 0.96) == ""
    assert undertrained_note(0.96, 0.94) == ""
    note = undertrained_note(0.411, 0.956)
    assert "the full network is right on 41.1% as it is and on 95.6% recalibrated" in note
    assert "train longer" in note
