"""The working folder may be called anything: the store and its files stay in it, and nothing appears beside it."""

import pytest

from search.tracking.connection import connect, find_experiment
from search.tracking.tracker import default_tracking_uri


@pytest.mark.parametrize("name", ["exp #3", "what?", "100% sure", "%20", "a'b\"c", "ü ñ:1 语", "?#%", "a;b&c=d"])
def test_everything_stays_in_the_working_folder(name, tmp_path, monkeypatch):
    folder = tmp_path / "above" / name
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    uri = default_tracking_uri()
    client = connect(uri)
    experiment = find_experiment(client, uri, "exitsearch")
    run = client.create_run(experiment)
    (folder / "notes.txt").write_text("kept")
    client.log_artifact(run.info.run_id, "notes.txt")
    assert find_experiment(connect(uri), uri, "exitsearch") == experiment
    assert {path.name for path in folder.iterdir()} == {"mlflow.db", "mlflow-artifacts", "notes.txt"}
    assert [path.read_text() for path in folder.glob("mlflow-artifacts/*/artifacts/notes.txt")] == ["kept"]
    assert [path.name for path in folder.parent.iterdir()] == [name]
