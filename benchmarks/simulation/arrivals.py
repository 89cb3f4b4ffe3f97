"""When requests come: shapes that published traces of real services have. No trace is copied, only its shape.

* popularity is heavy-tailed: most functions are hardly ever asked, a few get nearly everything (M. Shahrad et al.,
  "Serverless in the Wild", USENIX ATC 2020, on the Azure Functions trace of 2019: 18.6 % of the applications that are
  asked once a minute on average or more have 99.6 % of the requests, and the rates span eight orders of magnitude);
* the day's course: a base that never sleeps (about half of the peak in that trace) with one broad peak, and noise;
* bursts: on and off with exponential lengths; flash crowds: a steep rise that decays exponentially.

A rate is made for each second, a Poisson number of requests is drawn for it, and they lie evenly distributed in it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["bursts", "crowd", "day", "popularity", "requests", "steady"]

Rates = npt.NDArray[np.float64]

DAY = 86_400.0
_SLEEPLESS = 0.5


def steady(rate: float, seconds: float) -> Rates:
    """Return a rate that is always the same: so many requests a second, Poisson."""
    return np.full(max(1, round(seconds)), float(rate))


def day(
    rate: float,
    seconds: float,
    numbers: np.random.Generator,
    *,
    length: float = DAY,
    noise: float = 0.2,
    at: float = 0.0,
) -> Rates:
    """Return the course of a day with ``rate`` on average, from the time ``at`` on; ``length`` shortens the day.

    ``noise`` is the spread of a lognormal factor that changes each minute of the day and lasts on from one to the next.
    """
    moments = (np.arange(max(1, round(seconds))) + at) % length / length
    course = 1 + (1 - _SLEEPLESS) / (1 + _SLEEPLESS) * np.sin(2 * np.pi * (moments - 0.25))
    minute = max(1, round(length / 1440))
    steps = numbers.normal(size=len(moments) // minute + 1)
    level = np.empty_like(steps)
    last = 0.0
    for number, step in enumerate(steps):  # an autoregressive process: a busy minute is followed by a busy one
        last = 0.9 * last + np.sqrt(1 - 0.81) * step
        level[number] = last
    factor = np.exp(noise * level - noise**2 / 2)
    return np.asarray(rate * course * np.repeat(factor, minute)[: len(moments)])


def bursts(rate: float, seconds: float, numbers: np.random.Generator, *, on: float = 20.0, off: float = 60.0) -> Rates:
    """Return a rate that is there for ``on`` seconds and away for ``off`` on average; ``rate`` is the mean of all."""
    found = np.zeros(max(1, round(seconds)))
    place, awake = 0.0, bool(numbers.random() < on / (on + off))
    while place < len(found):
        length = numbers.exponential(on if awake else off)
        if awake:
            found[round(place) : round(place + length)] = rate * (on + off) / on
        place, awake = place + length, not awake
    return found


def crowd(rates: Rates, at: float, times: float, *, rise: float = 5.0, decay: float = 120.0) -> Rates:
    """Return rates with a flash crowd: ``times`` as many at its height, up within ``rise``, decaying by ``decay``."""
    moments = np.arange(len(rates)) - at
    shape = np.where(moments < 0, 0.0, np.where(moments < rise, moments / rise, np.exp(-(moments - rise) / decay)))
    return np.asarray(rates * (1 + (times - 1) * shape))


def popularity(deployments: int, exponent: float = 1.2) -> Rates:
    """Return each deployment's share of the requests: Zipf, the most popular first."""
    ranks = np.arange(1, deployments + 1, dtype=np.float64)
    weights = ranks**-exponent
    return np.asarray(weights / weights.sum())


def requests(rates: Sequence[float] | Rates, numbers: np.random.Generator) -> Rates:
    """Return when requests come, sorted, for rates by second."""
    counts = numbers.poisson(np.asarray(rates))
    seconds = np.repeat(np.arange(len(counts)), counts)
    return np.sort(seconds + numbers.random(len(seconds)))
