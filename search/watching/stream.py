"""A bundle's certificate on answers as they come, line by line."""

from __future__ import annotations

from collections.abc import Iterable
import warnings

from policies.errors import MonitoringError, MonitoringWarning
from policies.monitoring.answers import UNKNOWN, AnsweredSamples
from policies.monitoring.json_lines import read_line
from policies.monitoring.watch import CertificateWatch
from search.messages import OnMessage, silent
from search.watching.bundle_watch import watch_bundle
from search.watching.levels import Levels
from trainables.export.bundle.bundle import Bundle


_MOST_TOLD = 3


def watch_lines(
    bundle: Bundle,
    lines: Iterable[str],
    levels: Levels,
    *,
    on_message: OnMessage = silent,
    keeps_history: bool = False,
) -> CertificateWatch:
    """Watch a bundle on answers as they come, and say at once what is found, until they end or Ctrl-C is pressed.

    Args:
        bundle: The bundle that gave the answers.
        lines: One JSON object a line; see :func:`~policies.monitoring.json_lines.read_line`. Whether the full network's
            answers come too is told by the first line that can be used.
        levels: What is promised.
        on_message: Takes a line for a person with each new alarm.
        keeps_history: Whether the watch's history of the bets is wanted.

    Raises:
        MonitoringError: If there are lines, and every one is damaged or such that the network cannot have given it.

    Warns:
        MonitoringWarning: If some lines are; the others were watched.
    """
    stream = _Stream(bundle, levels, on_message, keeps_history=keeps_history)
    try:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                stream.take(line, f"line {number}")
    except KeyboardInterrupt:  # the only end of a stream that does not end
        on_message("stopped: what follows is about what had come by then")
    return stream.finished()


class _Stream:
    """Watches line by line, and skips what is damaged: one line must not lose what was found on thousands."""

    def __init__(self, bundle: Bundle, levels: Levels, on_message: OnMessage, *, keeps_history: bool) -> None:
        self._bundle, self._levels, self._keeps_history = bundle, levels, keeps_history
        self._on_message = on_message
        # Until a line can be used it is not known whether the full network's answers come.
        self._watch = self._new_watch(knows_full_network=False)
        self._told: tuple[object, ...] = (False, 0, False)
        self._n_used = self._n_refused = 0
        self._refusals: list[str] = []

    def take(self, line: str, place: str) -> None:
        """Use a line, or note why it cannot be used."""
        try:
            samples = read_line(line, place=place, class_names=self._bundle.manifest.class_names)
            self._update(samples, place)
        except MonitoringError as error:
            self._n_refused += 1
            if len(self._refusals) < _MOST_TOLD:
                self._refusals.append(str(error))
            return
        self._n_used += 1
        self._tell(place)

    def finished(self) -> CertificateWatch:
        """The watch after the last line; tells how many could not be used."""
        n, told = self._n_refused, "; ".join(self._refusals)
        more = f"; and {n - len(self._refusals)} more" if n > len(self._refusals) else ""
        if not n and not self._n_used:
            raise MonitoringError("--follow must name answers to watch but there was none; was nothing predicted?")
        if n and not self._n_used:
            raise MonitoringError(f"no line of {n} could be used: {told}{more}")
        if n:
            warnings.warn(
                f"{n} of {n + self._n_used} lines could not be used and were left out: {told}{more}",
                MonitoringWarning,
                stacklevel=3,
            )
        self._watch.finish()
        return self._watch

    def _update(self, samples: AnsweredSamples, place: str) -> None:
        if not self._n_used:
            self._watch = self._new_watch(knows_full_network=bool((samples.full_predictions != UNKNOWN).all()))
        try:
            self._watch.update(samples)
        except MonitoringError as error:
            raise MonitoringError(f"{place}: {error}") from None

    def _new_watch(self, *, knows_full_network: bool) -> CertificateWatch:
        return watch_bundle(
            self._bundle,
            self._levels,
            knows_full_network=knows_full_network,
            follows=True,
            keeps_history=self._keeps_history,
        )

    def _tell(self, place: str) -> None:
        """Say what this line has changed."""
        watch = self._watch
        now = (watch.is_refuted, watch.n_alarms, watch.has_changed)
        if now == self._told:
            return
        report = watch.report()
        verdicts = (report.certificate, report.change, report.data)
        for verdict, before, after in zip(verdicts, self._told, now, strict=True):
            if verdict is not None and after != before:
                self._on_message(f"{place}: {verdict.sentence}")
        self._told = now
