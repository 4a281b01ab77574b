"""What `diagnose` gives back: findings in plain words, and the numbers that a figure needs."""

import math
from dataclasses import dataclass

import numpy as np

SEVERITIES = ("fine", "note", "warning", "fault")
_MARKS = dict(zip(SEVERITIES, ("ok  ", "note", "WARN", "BAD "), strict=True))


@dataclass(frozen=True)
class Finding:
    """What one check saw: `seen` holds `value` in words, `wanted` what is healthy, `advice` what to try."""

    check: str
    severity: str
    seen: str
    wanted: str
    advice: str = ""
    value: float = math.nan

    def __str__(self) -> str:
        """Return the finding in plain words; advice stands with alarms only."""
        said = f"{_MARKS[self.severity]} {self.check}: {self.seen}"
        return f"{said}\n       wanted: {self.wanted}\n       try: {self.advice}" if self.alarm else said

    @property
    def alarm(self) -> bool:
        """Whether something looks wrong."""
        return self.severity in ("warning", "fault")


@dataclass(frozen=True)
class Activity:
    """Hidden units of one activation on some samples: `matrix` is float32 (units, samples), means over places.

    `dead` is the share of units that are 0 everywhere, `saturated` that of values at an end of a bounded activation,
    `constant` the share of units that hardly move from sample to sample, `correlation` the mean |correlation| of pairs.
    """

    name: str
    matrix: np.ndarray
    dead: float
    saturated: float
    constant: float
    correlation: float
    variance: float


@dataclass(frozen=True)
class Filters:
    """First-layer kernels, float32 (out_channels, height, width), means over the input's channels.

    `smoothness` is the correlation of a weight with its neighbours (0 for noise), `cosine` the mean |cosine| of pairs.
    """

    kernels: np.ndarray
    smoothness: float
    cosine: float


@dataclass(frozen=True)
class Report:
    """All findings, and what a figure needs: hidden units, the loss on a small batch, gradient over weight by layer."""

    findings: tuple[Finding, ...]
    layers: tuple[Activity, ...] = ()
    descent: tuple[tuple[int, float], ...] = ()
    relative_gradients: tuple[tuple[str, float], ...] = ()
    chance_loss: float = math.nan
    filters: Filters | None = None
    labels: np.ndarray | None = None

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """The findings that are warnings or faults."""
        return tuple(finding for finding in self.findings if finding.alarm)

    def of(self, check: str) -> tuple[Finding, ...]:
        """Return the findings of one check."""
        return tuple(finding for finding in self.findings if finding.check == check)

    def __str__(self) -> str:
        """Return the report in plain words, the worst first."""
        count = len(self.alarms)
        head = f"{count} of {len(self.findings)} findings need a look." if count else "Nothing looks wrong."
        worst = sorted(self.findings, key=lambda finding: -SEVERITIES.index(finding.severity))
        return "\n".join([head, *map(str, worst)])
