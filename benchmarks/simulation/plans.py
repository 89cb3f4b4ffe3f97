"""What a simulation is told: deployments, machines, costs, faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ads.deploy.autoscale import Policy
from ads.gateway.limits import Limits
from benchmarks.simulation.arrivals import Rates
from benchmarks.simulation.durations import Constant, Duration, Lognormal

__all__ = ["Clients", "Costs", "DeploymentPlan", "Fault", "MachinePlan", "Scenario"]

GIB = 1024**3


@dataclass(frozen=True)
class Clients:
    """So many callers that ask again as soon as they are answered, after ``think`` seconds."""

    number: int
    think: float = 0.0


@dataclass(frozen=True)
class DeploymentPlan:
    """One deployment. ``predict`` is what a frame takes, ``batch`` the most requests in one (1: not merged).

    ``start`` is what a replica takes from its process's start until it is ready, ``memory`` its bytes; ``cpu`` the part
    of ``predict`` that needs a processor of the machine. ``arrivals`` are times; ``clients`` ask in a loop beside them.
    """

    name: str
    predict: Duration
    arrivals: Rates | None = None
    clients: Clients | None = None
    replicas: int = 1
    batch: int = 1
    policy: Policy | None = None
    start: Duration = field(default_factory=lambda: Lognormal(2.0, 0.2))
    memory: int = GIB // 4
    cpu: float = 1.0


@dataclass(frozen=True)
class MachinePlan:
    """What a machine has."""

    name: str
    cores: int = 8
    memory: int = 32 * GIB


@dataclass(frozen=True)
class Costs:
    """What the service's own work takes, in seconds.

    ``gateway`` is for one request, both ways; ``hop`` what it takes beyond that and occupies nobody; ``round_fixed``
    and ``round_each`` (for a deployment) for a round of the reconcile loop, ``publish_fixed`` and ``publish_each`` for
    the table that gateways read. ``rest`` lies between two rounds when nothing happens. ``notice`` is how soon the loop
    hears of a replica's end, ``silence`` how soon it takes a machine for gone, ``takeover`` how long there is no leader
    when one ends, ``gateway_start`` how long a gateway is away. ``connect`` is the longest pause of a gateway that
    looks whether a replica is there, ``sweep`` how often it looks at what waits.
    """

    gateway: float = 40e-6
    hop: float = 0.0
    round_fixed: float = 0.01
    round_each: float = 0.0003
    publish_fixed: float = 0.005
    publish_each: float = 0.00003
    rest: float = 1.0
    notice: float = 0.01
    silence: float = 5.0
    takeover: float = 5.0
    gateway_start: float = 0.1
    connect: float = 0.5
    sweep: float = 0.1


@dataclass(frozen=True)
class Fault:
    """What ends when: ``name`` is a deployment (its first replica that is ready), a machine, or empty.

    A machine is back, empty, after ``seconds``; 0: never.
    """

    time: float
    kind: Literal["replica", "machine", "leader", "gateway"]
    name: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Scenario:
    """Everything. ``placing`` is ``fewest`` (the product's: the machine with the fewest replicas) or ``fullest``."""

    deployments: tuple[DeploymentPlan, ...]
    machines: tuple[MachinePlan, ...] = (MachinePlan("m1"),)
    seconds: float = 600.0
    gateways: int = 1
    costs: Costs = field(default_factory=Costs)
    limits: Limits = field(default_factory=Limits)
    faults: tuple[Fault, ...] = ()
    placing: Literal["fewest", "fullest"] = "fewest"
    prepare: Duration = field(default_factory=lambda: Constant(0.0))
    seed: int = 1
    drain: float = 60.0
    """How long after the last arrival what is under way may end."""
