"""The model card of a bundle: ``README.md`` with front matter as model hubs read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from policies.certificates.claims import Claim
from policies.certificates.losses import bounds_what_is_claimed
from policies.certificates.words import confidence_in_words
from policies.errors import ClaimError
from policies.runtime.detection.post_processing import PostProcessing
from trainables.export.bundle.manifest import Manifest


_KINDS = {"image": "image-classification", "audio": "audio-classification"}
_DETECTION = "object-detection"
_FIGURES = (
    ("accuracy", "accuracy", 4),
    ("macro_f1", "macro-F1", 4),
    ("exact_match", "exact match", 4),
    ("hamming", "Hamming loss", 4),
    ("label_macro_f1", "macro-F1 over labels", 4),
    ("label_micro_f1", "micro-F1 over labels", 4),
    ("map_50", "mAP at IoU .5", 4),
    ("map", "mAP at IoU .5 to .95", 4),
    ("image_f1", "F1 of an image's boxes", 4),
    ("found_objects", "share of objects found", 4),
    ("mean_depth", "mean depth", 3),
    ("mean_cost", "mean cost", 4),
    ("ece", "calibration error", 4),
)
_LIMITS_OF_CLASSES = (
    "- One class per sample, of the classes above; what is none of them is still given one.",
    "- Confidence is calibrated on `search` for each exit; it is no promise about a single sample.",
)


_LIMITS_OF_LABELS = (
    "- Any number of the labels above per sample, none included; what is none of them is not answered.",
    "- Probabilities are calibrated on `search` for each exit, all labels together; they are no promise about one.",
)


def card_text(
    manifest: Manifest,
    certificate: Mapping[str, Any] | None,
    speed: Sequence[str] = (),
    *,
    modules: Sequence[str] = (),
) -> str:
    """The card.

    Args:
        manifest: What the bundle holds.
        certificate: What is certain about the policy, as JSON; None where nothing was certified.
        speed: Lines of Markdown on measured times; empty where nothing was measured.
        modules: What of somebody's own is imported to run it, each as ``module:attribute``.
    """
    parts = [
        f"---\n{_front_matter(manifest, certificate)}---",
        f"# {manifest.name}",
        _summary(manifest),
        "## Figures",
        _figures(manifest),
        "## Certificate",
        certificate_in_words(certificate),
        "## How to run it",
        _usage(manifest, modules),
        "## What it is from",
        _training(manifest),
    ]
    if manifest.control:
        parts += ["## Beside a plain network that costs at most as much", str(manifest.control.get("verdict", ""))]
    if manifest.changes:
        others = {key: value for key, value in manifest.changes.items() if key != "table"}
        parts += ["## What quantising changed", str(manifest.changes.get("table", "")), _listed(others)]
    if speed:
        parts += ["## Speed", "\n".join(speed)]
    parts += ["## Limits", _limits(manifest)]
    return "\n\n".join(parts) + "\n"


def certificate_in_words(certificate: Mapping[str, Any] | None) -> str:
    """What is certain about a policy, for a person, from the JSON form of its certificate."""
    if certificate is None:
        return "Nothing was certified: the figures above are what was seen on some samples, and promise nothing."
    try:
        claim = str(Claim.from_dict(certificate["claim"]))
        n, unit, delta, bound = (certificate[key] for key in ("n", "unit", "delta", "bound"))
    except (KeyError, TypeError, ClaimError):
        return "The certificate cannot be read."
    if not certificate.get("certified"):
        return f"NOT certified: that {claim} could not be shown on {n} {unit}s: {certificate.get('reason')}."
    told = f" (bound {bound:.4f})" if bounds_what_is_claimed(certificate.get("loss")) else ""
    basis = f"seen on {n} {unit}s that nothing was chosen on{told}"
    each = "" if unit == "sample" else f", every {unit} counting alike"
    return (
        f"With {confidence_in_words(delta)} over the draw of the certify split, {claim}{each}, on new samples that "
        f"come from where those came from, independently; {basis}. It says nothing about data of another kind or about "
        f"single samples, and it ends with the first change of the weights, the policy or the preprocessing. "
        f"`exitsearch check` tests it on new data."
    )


def _front_matter(manifest: Manifest, certificate: Mapping[str, Any] | None) -> str:
    kind = _DETECTION if manifest.boxes else _KINDS.get(manifest.inputs.reader.get("kind", ""), "other")
    test = manifest.figures.get("test") or manifest.figures.get("search") or {}
    split = "test" if "test" in manifest.figures else "search"
    metrics = [
        {"type": name, "name": label, "value": round(float(test[name]), digits)}
        for name, label, digits in _FIGURES
        if isinstance(test.get(name), int | float)
    ]
    if certificate is not None and certificate.get("certified") and bounds_what_is_claimed(certificate.get("loss")):
        metrics.append(
            {
                "type": "certified_bound",
                "name": f"certified bound at {confidence_in_words(certificate['delta'])}",
                "value": round(float(certificate["bound"]), 4),
            }
        )
    data = str(manifest.training.get("workload") or manifest.training.get("tables_made_of") or "own data")
    result = {"task": {"type": kind}, "dataset": {"name": data, "type": data, "split": split}, "metrics": metrics}
    return yaml.safe_dump(
        {
            "library_name": "exitsearch",
            "pipeline_tag": kind,
            "tags": ["early-exit", "multi-exit", *(["int8"] if manifest.is_quantised else [])],
            "model-index": [{"name": manifest.name, "results": [result]}],
        },
        sort_keys=False,
        allow_unicode=True,
    )


def _summary(manifest: Manifest) -> str:
    shape = " x ".join(map(str, manifest.inputs.shape))
    names = ", ".join(manifest.class_names[:20]) + (", ..." if len(manifest.class_names) > 20 else "")
    what = "detector" if manifest.boxes else "network with sets of labels" if manifest.has_label_sets else "classifier"
    of = "labels" if manifest.has_label_sets else "classes"
    return (
        f"A {what} with {manifest.n_exits} exits for inputs of {shape} ({manifest.inputs.dtype}), and the policy "
        f"that says which exit a sample takes. {len(manifest.class_names)} {of}: {names}. Compute up to each exit, "
        f"relative to the full network: {', '.join(f'{cost:.3f}' for cost in manifest.cost)}"
        + (f"; multiply-accumulates: {', '.join(f'{macs:,}' for macs in manifest.macs)}." if manifest.macs else ".")
    )


def _figures(manifest: Manifest) -> str:
    splits = [split for split in ("search", "certify", "test") if split in manifest.figures]
    if not splits:
        return "None are known."
    rows = [f"| | {' | '.join(splits)} |", f"| --- |{' --- |' * len(splits)}"]
    for name, label, digits in _FIGURES:
        values = [manifest.figures[split].get(name) for split in splits]
        if any(isinstance(value, int | float) for value in values):
            cells = (f"{value:.{digits}f}" if isinstance(value, int | float) else "-" for value in values)
            rows.append(f"| {label} | {' | '.join(cells)} |")
    mixes = (
        " / ".join(f"{100 * share:.1f}" for share in manifest.figures[split].get("exit_mix", [])) for split in splits
    )
    rows.append(f"| leave at each exit, % | {' | '.join(mixes)} |")
    chosen = "The policy was chosen on `search`; `certify` was read once to certify, `test` once to report."
    return "\n".join([*rows, "", chosen])


def _usage(manifest: Manifest, modules: Sequence[str]) -> str:
    executors = " and ".join(manifest.executors)
    return (
        "```console\n$ exitsearch predict PATH-OF-THIS-FOLDER --check\n"
        "$ exitsearch predict PATH-OF-THIS-FOLDER INPUT...\n```\n\n"
        f"It runs in {executors}, and really leaves early. `policy.json` is the policy, `check.npz` has inputs with "
        f"the exits and answers that are expected of them, `reference.json` has what `exitsearch check` compares new "
        f"data with.{_imports(modules)}"
    )


def _imports(modules: Sequence[str]) -> str:
    if not modules:
        return ""
    named = ", ".join(f"`{name}`" for name in modules)
    return (
        f"\n\nTo open it runs code that is not in it: it names {named}, and imports what Python finds under that name. "
        f"Have a look at it first."
    )


def _training(manifest: Manifest) -> str:
    return _listed(manifest.training) or "Not known: the network was given with its weights."


def _listed(values: Mapping[str, Any]) -> str:
    def shown(value: Any) -> str:
        if isinstance(value, float):
            return f"{value:.5g}"
        if isinstance(value, Mapping):
            return ", ".join(f"{key} {shown(one)}" for key, one in value.items())
        if isinstance(value, list | tuple):
            return ", ".join(map(shown, value))
        return str(value)

    return "\n".join(f"- {key.replace('_', ' ')}: {shown(value)}" for key, value in values.items())


def _limits(manifest: Manifest) -> str:
    lines = [
        "- Figures are those of the splits they are told of; other cameras, microphones or seasons are other data.",
        *_limits_of_answers(manifest),
    ]
    if manifest.is_quantised:
        lines.append("- The graphs are int8; the certificate is that of these graphs, not of the network before.")
    return "\n".join(lines)


def _limits_of_answers(manifest: Manifest) -> tuple[str, ...]:
    if manifest.boxes:
        return _limits_of_boxes(manifest.boxes)
    return _LIMITS_OF_LABELS if manifest.has_label_sets else _LIMITS_OF_CLASSES


def _limits_of_boxes(boxes: PostProcessing) -> tuple[str, ...]:
    return (
        f"- At most {boxes.n_boxes} boxes per image, of the classes above and with scores above "
        f"{boxes.score_threshold:g}; of boxes of one class that overlap by an IoU above {boxes.nms_threshold:g} the "
        f"surest alone.",
        "- Mean average precision is a figure of many images together, which nothing can be certified of for a single "
        "one; a certificate is about means over images.",
    )
