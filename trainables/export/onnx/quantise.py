"""Stage graphs in eight bits: static quantisation by onnxruntime, calibrated on what reaches each stage.

Another network comes of it: its tables, temperatures, thresholds and certificate must be made anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.extras import extra_module
from policies.policy import Policy
from policies.runtime.onnx_stages import STOP_PROB, OnnxStages, stage_path
from policies.tables.classification import ClassificationOutputs
from trainables.errors import ExportError
from trainables.export.onnx.metadata import graphs_hash, load_graph, stated_by, write_graph
from trainables.export.onnx.quiet import quiet
from trainables.export.stage_tables import each_stage, view_outputs


_BATCH_SIZE = 64
_FEWEST_SAMPLES = 32
Features = tuple[NDArray[Any], ...]


@dataclass(frozen=True)
class QuantisedGraphs:
    """What came of quantising.

    Attributes:
        paths: The new graphs, ``stage_0.onnx`` and on.
        model_hash: By which the quantised network is known; the graphs state it.
        float_bytes: Size of the graphs before, all stages together.
        int8_bytes: Size of the new graphs, all stages together.
        n_calibration: Samples that each stage was calibrated on.
    """

    paths: tuple[Path, ...]
    model_hash: str
    float_bytes: int
    int8_bytes: int
    n_calibration: tuple[int, ...]


def quantise_stage_graphs(
    folder: Path,
    calibration_inputs: NDArray[Any],
    out_folder: Path,
    *,
    policy: Policy | None = None,
    reduce_range: bool = True,
) -> QuantisedGraphs:
    """Quantise each stage graph: weights per channel as int8, what flows between operators as uint8.

    Args:
        folder: Folder with the stage graphs in float32.
        calibration_inputs: Samples of ``train`` or ``search``, shape (N, channels, height, width), uint8 or float32.
        out_folder: Where the new graphs go, under the same names; made where it is missing.
        policy: Each stage is calibrated on the samples that it lets through to it, if they are at least 32; without,
            on all.
        reduce_range: Weights of seven bits. Processors without VNNI instructions add two products in sixteen bits,
            which overflows with eight (U8S8 saturation); say False only for a target that has them.

    Raises:
        ExportError: If a library of the extra is missing, or onnxruntime cannot quantise a stage.
        StagesError: If the files are not the stage graphs of one network, or the samples do not fit them.
        OSError: If a file cannot be written.
    """
    extra_module("onnx", ExportError)
    stages = OnnxStages(folder)
    reaching = _reaching_features(stages, calibration_inputs, policy)
    names = [stage_path(Path(), k).name for k in range(stages.n_exits)]
    with TemporaryDirectory() as made:
        for k, name in enumerate(names):
            data = _batches(reaching[k], stages.input_names(k))
            _quantise(folder / name, Path(made) / name, data, reduce_range=reduce_range)
        out_folder.mkdir(parents=True, exist_ok=True)
        digest = graphs_hash(Path(made) / name for name in names)
        for name in names:
            stated = stated_by(load_graph(folder / name))
            # The policy is not taken over: it was made for the network before.
            facts = {key: stated[key] for key in ("n_exits", "input_shape", "stage")}
            made_of = {"model_hash": digest, "quantised_from": stated["model_hash"]}
            write_graph(out_folder / name, load_graph(Path(made) / name), {**facts, **made_of})
    return QuantisedGraphs(
        paths=tuple(out_folder / name for name in names),
        model_hash=digest,
        float_bytes=sum((folder / name).stat().st_size for name in names),
        int8_bytes=sum((out_folder / name).stat().st_size for name in names),
        n_calibration=tuple(len(features[0]) for features in reaching),
    )


def _reaching_features(stages: OnnxStages, inputs: NDArray[Any], policy: Policy | None) -> list[Features]:
    """What each stage takes from the samples that reach it; from all, where they are too few."""
    runs = [
        list(each_stage(stages, inputs[start : start + _BATCH_SIZE])) for start in range(0, len(inputs), _BATCH_SIZE)
    ]
    given = [[features for features, _ in blocks] for blocks in zip(*runs, strict=True)]
    joined = [tuple(np.concatenate(part) for part in zip(*blocks, strict=True)) for blocks in given]
    if policy is None:
        return joined
    said = ClassificationOutputs.joined([ClassificationOutputs.of_exits([said for _, said in run]) for run in runs])
    exits = policy.decide_on(view_outputs(policy, said)).exits
    return [_of_those(features, exits >= k) for k, features in enumerate(joined)]


def _of_those(features: Features, is_there: NDArray[np.bool_]) -> Features:
    if is_there.sum() < _FEWEST_SAMPLES:
        return features
    return tuple(part[is_there] for part in features)


def _batches(features: Features, names: Sequence[str]) -> Iterator[dict[str, NDArray[Any]]]:
    for start in range(0, len(features[0]), _BATCH_SIZE):
        block = [part[start : start + _BATCH_SIZE] for part in features]
        yield dict(zip(names, block, strict=True))


def _probability_nodes(path: Path) -> list[str]:
    """Names of the nodes that make stop probabilities of logits: 256 levels of 0..1 are too few near its ends."""
    return [node.name for node in load_graph(path).graph.node if STOP_PROB in node.output]


def _quantise(path: Path, out: Path, data: Iterator[dict[str, NDArray[Any]]], *, reduce_range: bool) -> None:
    quantization = extra_module("onnxruntime.quantization", ExportError)
    prepare = extra_module("onnxruntime.quantization.shape_inference", ExportError).quant_pre_process

    class Calibration(quantization.CalibrationDataReader):  # type: ignore[misc,name-defined]
        def get_next(self) -> dict[str, NDArray[Any]] | None:
            return next(data, None)

    prepared = out.with_suffix(".prepared.onnx")
    try:
        with quiet():
            prepare(path, prepared)
            quantization.quantize_static(
                prepared,
                out,
                Calibration(),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                reduce_range=reduce_range,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                nodes_to_exclude=_probability_nodes(prepared),
            )
    except Exception as error:  # what the libraries raise has no base but this
        raise ExportError(f"{path}: onnxruntime cannot quantise this stage ({str(error).splitlines()[0]})") from None
