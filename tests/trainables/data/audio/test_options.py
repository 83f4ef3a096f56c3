from dataclasses import replace

import pytest

from trainables.data import DEFAULT_AUDIO, AudioOptions
from trainables.errors import DataError


def test_the_documents_numbers_in_samples():
    assert DEFAULT_AUDIO.segment_samples == 16_000
    assert DEFAULT_AUDIO.hop_samples == 8_000
    assert (DEFAULT_AUDIO.window_length, DEFAULT_AUDIO.hop_length) == (400, 160)
    assert DEFAULT_AUDIO.n_frames == 101


@pytest.mark.parametrize(
    "values",
    [
        {"low_hz": None, "high_hz": None, "silence_db": None},
        {"low_hz": 0},
        {"high_hz": 8000},
        {"peak": 1},
        {"n_fft": 16_000},
        {"chunk_seconds": 1.0},
        {"file_pattern": r"(?P<class>\d)_(?P<group>\w+)", "test_pattern": "x"},
        {"file_pattern": r"(?P<class>\d)_.*", "group_pattern": "_(?P<group>[a-z]+)"},
        {"file_pattern": r"(?P<class>\d)_.*", "chunk_seconds": 5.0},
    ],
)
def test_values_in_range(values):
    options = AudioOptions(**values)
    assert {name: getattr(options, name) for name in values} == values


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sample_rate": 0}, "sample_rate must be above 0 and at most 1000000 but is 0"),
        ({"segment_seconds": float("nan")}, "segment_seconds must be above 0 .* but is nan"),
        ({"hop_seconds": float("inf")}, "hop_seconds must be above 0 .* but is inf"),
        ({"n_mels": -1}, "n_mels must be above 0 and at most 1024 but is -1"),
        ({"n_mels": 10**9}, "n_mels must be above 0 and at most 1024 but is 1000000000"),
        ({"n_fft": 10**5}, "n_fft must be above 0 and at most 65536 but is 100000"),
        ({"floor_db": 0}, "floor_db must be above 0"),
        ({"high_hz": 9000}, r"high_hz .* \(the Nyquist frequency, 8000 Hz\) but is 9000; lower it, raise sample_rate"),
        ({"high_hz": 0}, "high_hz must be above 0"),
        ({"high_hz": float("nan")}, "high_hz must be above 0 .* but is nan"),
        ({"low_hz": 8000, "high_hz": None}, "low_hz must lie in .*Nyquist.* but is 8000"),
        ({"low_hz": -1}, "low_hz must lie in .* but is -1"),
        ({"low_hz": 3000}, "low_hz must be below high_hz but they are 3000 and 3000.0"),
        ({"peak": 1.1}, r"peak must lie in \(0, 1\].* but is 1.1; 0.8913 is -1 dBFS"),
        ({"peak": 0}, "peak must lie in"),
        ({"silence_db": 0}, "silence_db must be below 0 dBFS, such as -40, but is 0; leave it null to keep all"),
        ({"silence_db": float("-inf")}, "silence_db must be below 0 dBFS"),
        ({"hop_seconds": 1e-5}, "hop_seconds must be at least one sample at 16000 Hz but is 1e-05"),
        ({"hop_ms": 0.01}, "hop_ms must be at least one sample at 16000 Hz but is 0.01"),
        ({"segment_seconds": 0.05}, "n_fft must be at most the 800 samples of a segment but is 1024"),
        ({"window_ms": 65}, r"window_ms must be 1 to n_fft \(1024\) samples but is 65, 1040 samples at 16000 Hz"),
        ({"window_ms": 0.001}, "window_ms must be 1 to n_fft .* but is 0.001, 0 samples"),
        ({"chunk_seconds": 0.9}, r"chunk_seconds must be segment_seconds \(1.0\) to 1000000 but is 0.9"),
        ({"chunk_seconds": float("nan")}, "chunk_seconds must be segment_seconds .* but is nan"),
        ({"chunk_seconds": 5, "group_pattern": "(?P<group>.)"}, "chunk_seconds and group_pattern exclude each other"),
        ({"file_pattern": "("}, r"file_pattern must be a regular expression but is '\(' \(missing \), unterminated"),
        ({"test_pattern": "*"}, r"test_pattern must be a regular expression but is '\*'"),
        ({"group_pattern": "(?P<group>a)\n["}, "group_pattern must be a regular expression"),
        ({"file_pattern": "(?P<group>.)"}, r"file_pattern must name a part \(\?P<class>\.\.\.\) but is"),
        ({"group_pattern": "(.)"}, r"group_pattern must name a part \(\?P<group>\.\.\.\) but is '\(\.\)'; add it"),
        (
            {"file_pattern": "(?P<class>.)(?P<group>.)", "group_pattern": "(?P<group>.)"},
            "group_pattern and the group named in file_pattern exclude each other",
        ),
        (
            {"file_pattern": "(?P<class>.)(?P<group>.)", "chunk_seconds": 5},
            "chunk_seconds and the group named in file_pattern exclude each other",
        ),
    ],
)
def test_values_out_of_range_are_refused_in_one_line(values, message):
    with pytest.raises(DataError, match=message) as caught:
        AudioOptions(**values)
    assert "\n" not in str(caught.value)


def test_settings_are_what_decides_features():
    naming = {"file_pattern": "(?P<class>.)(?P<group>.)", "test_pattern": "y"}
    assert replace(DEFAULT_AUDIO, **naming).settings == DEFAULT_AUDIO.settings
    deciding = {
        "sample_rate": 22_050,
        "low_hz": None,
        "high_hz": 2000.0,
        "peak": 1.0,
        "segment_seconds": 2.0,
        "hop_seconds": 1.0,
        "silence_db": None,
        "n_mels": 32,
        "n_fft": 512,
        "window_ms": 20.0,
        "hop_ms": 5.0,
        "floor_db": 60.0,
        "chunk_seconds": 2.0,
    }
    assert deciding.keys() | naming.keys() | {"group_pattern"} == DEFAULT_AUDIO.__dataclass_fields__.keys()
    settings = {replace(DEFAULT_AUDIO, **{key: value}).settings for key, value in deciding.items()}
    assert len(settings | {DEFAULT_AUDIO.settings}) == len(deciding) + 1
