"""What ``exitsearch policy`` found for a network from elsewhere, as it is exported."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.policy import Policy
from policies.runtime.torch_stages import TorchStages
from policies.tables.base import ExitTable
from policies.tasks import load_table
from search.errors import RunFolderError
from search.export.finished_sweep import read_certificate
from search.export.subject import ExportSubject
from search.export.sweep_subject import require_one_network, told_figures
from search.run_folder.finished import read_summary
from search.run_folder.result_files import ResultFiles
from search.run_folder.summary import Summary
from trainables.data import DEFAULT_OPTIONS, DataOptions, load_samples
from trainables.data.readers import InputReader
from trainables.errors import ExportError
from trainables.export.bundle.writing import StoredNetwork
from trainables.export.model_file import load_model
from trainables.models import cumulative_macs
from trainables.workloads.finding import find_source


@dataclass(frozen=True, kw_only=True)
class NetworkAndData:
    """What a policy search does not know of its network.

    Attributes:
        model: File of the network, as ``exitsearch tabulate`` or a sweep writes it.
        data: Name of the source or workload, or the folder, that the tables were made of.
        data_dir: Folder of a source that is named; None where it needs none.
        options: How samples are read.
    """

    model: Path
    data: str
    data_dir: Path | None = None
    options: DataOptions = field(default=DEFAULT_OPTIONS)


def subject_of_search(run: Path, given: NetworkAndData, *, name: str | None = None) -> ExportSubject:
    """The selected policy of a policy search, with the network that its tables are of.

    Args:
        run: Folder of the policy search.
        given: The network, and the data.
        name: What the bundle is called; as the folder where None.

    Raises:
        ExitSearchError: If files are missing or damaged, or do not belong together.
    """
    files = ResultFiles(run)
    summary = _summary(files)
    tables = {split: load_table(Path(path)) for split, path in summary.tables.items()}
    model, config = load_model(given.model)
    network = StoredNetwork(model=model, config=config)
    require_one_network(network, tables["search"].meta.get("model_hash"), where=str(given.model))
    inputs, reader = _inputs(given, tables["search"])
    try:
        certificate = read_certificate(files)
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{run}: its files are damaged ({error}); run the search again") from None
    return ExportSubject(
        name=name or run.resolve().name,
        policy=Policy.load(files.policy_file),
        stages=TorchStages(model),
        search=tables["search"],
        certify=tables.get("certify"),
        inputs=inputs,
        reader=reader,
        certificate=certificate,
        network=network,
        macs=cumulative_macs(model, config.input_shape),
        figures=told_figures(summary.selected.by_split),
        training={
            "network": config.imported or config.workload,
            "tables_made_of": given.data,
            "what_was_asked": summary.asked,
        },
    )


def _summary(files: ResultFiles) -> Summary:
    summary = read_summary(files.path)
    missing = [path for path in summary.tables.values() if not Path(path).is_file()]
    if missing or "search" not in summary.tables:
        raise RunFolderError(
            f"{files.path}: the search's tables must be where they were but {missing or ['search']} are not; put them "
            f"back, or run exitsearch from the folder that it was run from"
        )
    return summary


def _inputs(given: NetworkAndData, search: ExitTable) -> tuple[NDArray[Any], InputReader]:
    """The inputs of a table's samples, in its order, and how a new file becomes one."""
    source, folder = find_source(given.data)
    samples = load_samples(source, folder or given.data_dir, given.options)
    places = {name: row for row, name in enumerate(samples.ids.tolist())}
    missing = [name for name in search.ids.tolist() if name not in places]
    if missing:
        raise ExportError(
            f"--data must be what the tables were made of but {len(missing)} of {search.n_samples} samples of search "
            f"are not in {given.data}, such as {missing[0]!r}; name the data that they are from"
        )
    rows = np.array([places[name] for name in search.ids.tolist()])
    return samples.inputs[rows], source.reader(samples.inputs.shape[1:], given.options)
