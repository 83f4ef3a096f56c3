"""How often does watching a certified policy raise a false alarm, how soon a right one, and what do silent failures do?

One network is trained on scikit-learn's digits, a policy is searched, chosen and certified for an accuracy of .95 as
``exitsearch policy`` does it, and watched on samples that nothing was chosen or certified on:

- *no change*: streams of its answers on ``test``, drawn with replacement. At the limit 5 % of them are wrong ones: the
  worst case of the certificate; at the observed rate as many as there are. Beside the bets stands what one would do
  without them: a binomial test at the same level every 20 labels. Where only the data are compared, reference and new
  samples are both drawn anew from ``test``.
- *more errors*: streams with more wrong answers from the beginning, or after 500 labels with an error rate of 2 %.
- *silent failures*: what a pipeline can do to images without any error. The labels are only used to show the accuracy,
  and for the last column: what the test of the certificate says of it.

Takes two and a half minutes of one core. Usage: ``python benchmarks/drift.py [--streams N]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.stats import binom, binomtest
from tables import Recipe, train_network

from policies.certificates.claims import Claim
from policies.evolution.settings import EvolveSettings
from policies.goals.request import Request
from policies.monitoring.answers import AnsweredSamples
from policies.monitoring.reference import ReferenceStatistics
from policies.monitoring.verdicts import Report
from policies.monitoring.watch import CertificateWatch
from policies.monitoring.watched_table import watch_table
from policies.policy import Policy
from policies.selection.networks import search_network
from policies.selection.policy_search import PolicySearch
from policies.selection.search_target import search_target
from policies.selection.select import select_policy
from policies.selection.split_size import SplitSize
from policies.tables.classification import ClassificationTable
from trainables.data import SplitFractions, Splits, split_samples
from trainables.models import MultiExitModel
from trainables.tasks.classification import ClassificationTraining
from trainables.workloads import get_workload


RECIPE = Recipe("digits", 1, 30, 32, 0.02, SplitFractions(train=0.4, search=0.15, certify=0.2, test=0.25))
SETTINGS = EvolveSettings(population=40, generations=15, max_levels=256)
CLAIM = Claim(target=0.95)
LIMIT = 0.05
ALPHA = 0.05
RATES = (0.08, 0.10, 0.15, 0.30)
GOOD_RATE, GOOD_TIME = 0.02, 500
N_LABELS = 2000
LOOK_EVERY = 20


@dataclass(frozen=True)
class Deployed:
    """A certified policy, with what is needed to watch it.

    Attributes:
        model: The network.
        splits: Samples of the four splits.
        policy: Policy that was chosen.
        is_certified: Whether it is certified.
        certify: Table that it was certified on.
        test: Table of samples that nothing was chosen or certified on.
    """

    model: MultiExitModel
    splits: Splits
    policy: Policy
    is_certified: bool
    certify: ClassificationTable
    test: ClassificationTable

    @property
    def reference(self) -> ReferenceStatistics:
        """What the policy did on ``certify``."""
        return ReferenceStatistics.of(self.certify, self.policy.decide(self.certify))

    def answers(self, table: ClassificationTable) -> AnsweredSamples:
        """What the policy answers."""
        return AnsweredSamples.of(table, self.policy.decide(table))


def deploy(recipe: Recipe, seed: int = 0) -> Deployed:
    """Train a network, and search, choose and certify a policy."""
    splits = split_samples(get_workload(recipe.workload).source.load(None), recipe.fractions, seed=seed)
    model = train_network(recipe, splits, seed)
    search, certify, test = (tabulate(model, splits, part) for part in ("search", "certify", "test"))
    asked = Request(target=CLAIM.target, delta=ALPHA)
    target = search_target(
        asked, search=SplitSize.of(search, search.truth), certify=SplitSize.of(certify, certify.truth)
    )
    network = search_network(recipe.name, search, certify, PolicySearch(asked=asked, settings=SETTINGS))
    chosen = select_policy([network], target, front_size=SETTINGS.front_size)
    return Deployed(model, splits, chosen.policy, chosen.is_certified, certify, test)


def tabulate(
    model: MultiExitModel, splits: Splits, part: str, inputs: NDArray[np.float32] | None = None
) -> ClassificationTable:
    """The table of one split, of its own images or of what became of them."""
    split = splits[part] if inputs is None else replace(splits[part], inputs=inputs)
    return ClassificationTraining().table(
        model, split, {"split": part, "workload": RECIPE.workload, "class_names": list(splits.class_names)}
    )


def stream(
    samples: AnsweredSamples, rates: NDArray[np.float64], rng: np.random.Generator
) -> tuple[AnsweredSamples, NDArray[np.bool_]]:
    """Samples drawn with replacement, wrong ones with the probability of each place; and which are wrong."""
    is_wrong = samples.predictions != samples.labels
    rows = [np.flatnonzero(is_wrong == kind) for kind in (False, True)]
    wanted = rng.random(len(rates)) < rates
    drawn = np.where(wanted, rng.choice(rows[1], len(rates)), rng.choice(rows[0], len(rates)))
    return samples.take(drawn), wanted


def watched(reference: ReferenceStatistics, samples: AnsweredSamples) -> Report:
    """What watching finds on a stream."""
    watch = CertificateWatch(CLAIM, reference, alpha=ALPHA)
    watch.update(samples)
    return watch.report()


def binomial_alarm(is_wrong: NDArray[np.bool_]) -> bool:
    """Whether a binomial test every 20 labels ever rejects: what one must not do."""
    n = np.arange(LOOK_EVERY, len(is_wrong) + 1, LOOK_EVERY)
    return bool((binom.sf(np.cumsum(is_wrong)[n - 1] - 1, n, LIMIT) <= ALPHA).any())


def share(seen: list[bool]) -> str:
    """A share with its 95 % Clopper-Pearson interval."""
    low, high = binomtest(sum(seen), len(seen)).proportion_ci(method="exact")
    return f"{np.mean(seen):.3f} ({low:.3f} to {high:.3f})"


def units_between_alarms(reports: list[Report]) -> str:
    """Units of all streams over alarms of the detector in all of them."""
    n_alarms = sum(len(report.change.alarms) for report in reports if report.change)
    n_units = sum(report.change.n_units for report in reports if report.change)
    return f"{n_units / n_alarms:,.0f}" if n_alarms else f"more than {n_units:,}"


def false_alarms(deployed: Deployed, n_streams: int) -> Table:
    """The table of streams without a change."""
    table = Table(title=f"No change: {n_streams:,} streams of {N_LABELS:,} labels, limit {LIMIT:.0%}, alpha {ALPHA:g}")
    for column in ("errors", "test of the certificate", "binomial test every 20", "labels between detector's alarms"):
        table.add_column(column, justify="left" if column == "errors" else "right")
    samples, reference = deployed.answers(deployed.test), deployed.reference
    observed = float((samples.predictions != samples.labels).mean())
    for name, rate in ((f"{LIMIT:.1%}, the limit", LIMIT), (f"{observed:.1%}, as observed", observed)):
        drawn = [stream(samples, np.full(N_LABELS, rate), np.random.default_rng([0, i])) for i in range(n_streams)]
        reports = [watched(reference, own) for own, _ in track(drawn, name, transient=True)]
        table.add_row(
            name,
            share([report.is_refuted for report in reports]),
            share([binomial_alarm(is_wrong) for _, is_wrong in drawn]),
            units_between_alarms(reports),
        )
    return table


def false_alarms_of_data(deployed: Deployed, n_streams: int) -> Table:
    """The table of comparisons of data that are alike."""
    n_whole = deployed.certify.n_samples
    table = Table(title=f"No change: data compared with a reference of {n_whole}, {n_streams:,} draws of both")
    for column in ("new samples", "called changed"):
        table.add_column(column, justify="right")
    pool = deployed.test
    called: dict[str, list[bool]] = {f"{n_whole}, at once": [], f"{N_LABELS:,}, followed": []}
    for i in track(range(n_streams), "data", transient=True):
        rng = np.random.default_rng([1, i])
        own = draw(pool, n_whole, rng)
        reference = ReferenceStatistics.of(own, deployed.policy.decide(own))
        for found, n, follows in zip(called.values(), (n_whole, N_LABELS), (False, True), strict=True):
            watch = CertificateWatch(CLAIM, reference, alpha=ALPHA, follows=follows)
            watch.update(deployed.answers(draw(pool, n, rng)))
            found.append(watch.report().data.has_changed)
    for name, found in called.items():
        table.add_row(name, share(found))
    return table


def draw(table: ClassificationTable, n: int, rng: np.random.Generator) -> ClassificationTable:
    """A table of samples drawn with replacement, under new names."""
    rows = rng.integers(0, table.n_samples, n)
    return ClassificationTable(
        logits=table.logits[rows],
        labels=table.labels[rows],
        cost=table.cost,
        ids=np.char.add("drawn-", np.arange(n).astype(str)),
        meta=table.meta,
    )


def labels_until_alarm(deployed: Deployed, n_streams: int) -> Table:
    """The table of streams with more errors than the limit."""
    table = Table(title=f"More errors than the limit of {LIMIT:.0%}: labels until the alarm, medians of {n_streams:,}")
    for column in ("errors", "within 2,000", "test of the certificate", "change detector"):
        table.add_column(column, justify="left" if column == "errors" else "right")
    samples, reference = deployed.answers(deployed.test), deployed.reference
    cases = [(f"{rate:.0%}", 0, rate) for rate in RATES]
    cases += [(f"{rate:.0%} after {GOOD_TIME} at {GOOD_RATE:.0%}", GOOD_TIME, rate) for rate in RATES[1:3]]
    for name, good, rate in track(cases, "errors", transient=True):
        rates = np.concatenate([np.full(good, GOOD_RATE), np.full(N_LABELS, rate)])
        reports = [
            watched(reference, stream(samples, rates, np.random.default_rng([2, i]))[0]) for i in range(n_streams)
        ]
        plain = [delay([report.certificate.alarm_at or 0], good) for report in reports if report.certificate]
        detector = [delay(report.change.alarms, good) for report in reports if report.change]
        table.add_row(name, f"{np.isfinite(plain).mean():.1%}", f"{np.median(plain):g}", f"{np.median(detector):g}")
    return table


def delay(alarms: list[int] | tuple[int, ...], good: int) -> float:
    """Labels from the change to the first alarm after it; infinite without one."""
    return min((alarm - good for alarm in alarms if alarm > good), default=np.inf)


def failures(inputs: NDArray[np.float32], rng: np.random.Generator) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """What a pipeline may silently do to images in 0..1."""

    def noisy(deviation: float) -> NDArray[np.float32]:
        noise = rng.normal(scale=deviation, size=inputs.shape)
        return np.clip(inputs + noise, 0, 1).astype(np.float32)

    yield "clean", inputs
    yield "noise .1", noisy(0.1)
    yield "shifted 1 px", np.pad(inputs, ((0, 0), (0, 0), (0, 0), (1, 0)))[..., :-1]
    yield "noise .4", noisy(0.4)
    yield "inverted", 1 - inputs
    yield "forgotten scaling (/16)", inputs * 16


def silent_failures(deployed: Deployed) -> Table:
    """The table of what each failure looks like, without labels and with them."""
    n = deployed.test.n_samples
    table = Table(title=f"Silent failures: {n} test samples against {deployed.certify.n_samples} of certify")
    for column in ("data", "accuracy", "p mix", "p confidence", "p classes", "without labels", "with labels"):
        table.add_column(column, justify="right" if column.startswith(("p ", "acc")) else "left")
    inputs = deployed.splits["test"].inputs
    tables = [
        (name, tabulate(deployed.model, deployed.splits, "test", changed))
        for name, changed in failures(inputs, np.random.default_rng(0))
    ]
    tables.append(("only classes 0 to 4", deployed.test.take(np.flatnonzero(deployed.test.labels < 5))))
    for name, own in tables:
        report = watch_table(deployed.policy, own, CLAIM, deployed.reference, alpha=ALPHA).report()
        verdict = report.certificate
        if verdict is None:
            raise RuntimeError("a table has labels")
        table.add_row(
            name,
            f"{verdict.part.observed or 0:.3f}",
            *(f"{one.p_value:.2g}" for one in report.data.comparisons),
            "data changed" if report.data.has_changed else "no change seen",
            f"refuted at {verdict.alarm_at}" if verdict.is_refuted else "not refuted",
        )
    return table


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=1000)
    arguments = parser.parse_args()

    console = Console(width=130)
    deployed = deploy(RECIPE)
    decision = deployed.policy.decide(deployed.test)
    is_right = decision.answers == deployed.test.labels
    console.print(
        f"digits, rule {deployed.policy.rule!r}, {'' if deployed.is_certified else 'not '}certified: {CLAIM}; "
        f"on test ({deployed.test.n_samples}) accuracy {is_right.mean():.4f}, mean depth "
        f"{decision.exits.mean() + 1:.2f} of {deployed.test.n_exits}",
        highlight=False,
    )
    console.print(false_alarms(deployed, arguments.streams))
    console.print(false_alarms_of_data(deployed, arguments.streams))
    console.print(labels_until_alarm(deployed, arguments.streams))
    console.print(silent_failures(deployed))


if __name__ == "__main__":
    main()
