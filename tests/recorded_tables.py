"""Exit tables of segments, for tests of what is said of whole recordings."""

from dataclasses import replace

import numpy as np

from tests.tables import make_table


FACTS = {"segment_seconds": 1.0, "hop_seconds": 0.5}


def recordings_table(lengths, *, seed=0, n_classes=3, n_exits=3):
    """Segments of recordings of these lengths, in no order, each recording of one class; silent ones are missing."""
    table = make_table(sum(lengths), n_classes=n_classes, n_exits=n_exits, seed=seed)
    rng = np.random.default_rng(seed)
    names, numbers, labels = [], [], []
    for number, length in enumerate(lengths):
        names += [f"site#{number}/night {number % 3}.wav-{number}"] * length
        numbers += sorted(rng.choice(length + 3, size=length, replace=False).tolist())
        labels += [int(rng.integers(n_classes))] * length
    ids = np.array([f"{name}#{segment:03d}" for name, segment in zip(names, numbers, strict=True)])
    # What the network knew of the old class it knows of the new one.
    columns = (np.arange(n_classes) - (np.array(labels) - table.labels)[:, None]) % n_classes
    logits = np.take_along_axis(table.logits, columns[:, None, :], axis=2)
    own = replace(table, logits=logits, ids=ids, labels=np.array(labels), meta=FACTS)
    return own.take(rng.permutation(len(ids)))
