"""The rules under every schedule that hypothesis thinks of: they converge, and never stop what is needed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ads.deploy.reconcile import (
    Action,
    Actual,
    Desired,
    Fail,
    GiveUp,
    Kill,
    Prepare,
    Promote,
    ReplicaView,
    Settle,
    Start,
    Stop,
    reconcile,
)

Place = tuple[int, int]


@dataclass
class World:
    """A catalog row and an engine without time: what the thin loop around the rules does, and nothing more."""

    desired: Desired
    bad: frozenset[int] = frozenset()
    unpreparable: frozenset[int] = frozenset()
    replicas: dict[Place, str] = field(default_factory=dict)
    prepared: set[int] = field(default_factory=set)
    broken: dict[int, str] = field(default_factory=dict)

    def actual(self) -> Actual:
        views = tuple(ReplicaView(r, s, phase, "why") for (r, s), phase in sorted(self.replicas.items()))  # type: ignore[arg-type]
        return Actual(views, frozenset(self.prepared), tuple(sorted(self.broken.items())))

    def step(self) -> list[Action]:
        actions = reconcile(self.desired, self.actual())
        for action in actions:
            self.do(action)
        return actions

    def do(self, action: Action) -> None:
        d = self.desired
        if isinstance(action, Prepare):
            if action.revision in self.unpreparable:
                self.broken[action.revision] = "no such package"
            else:
                self.prepared.add(action.revision)
        elif isinstance(action, Start):
            assert action.revision in self.prepared
            assert (action.revision, action.slot) not in self.replicas
            self.replicas[action.revision, action.slot] = "starting"
        elif isinstance(action, Stop):
            del self.replicas[action.revision, action.slot]
        elif isinstance(action, Kill):
            self.replicas[action.revision, action.slot] = "starting"
        elif isinstance(action, GiveUp):
            self.broken[d.revision] = action.cause
        elif isinstance(action, Promote):
            self.desired = replace(d, serving_revision=d.revision, serving_replicas=d.replicas)
        elif isinstance(action, Fail) and d.serving_revision:
            self.desired = replace(d, state="ACTIVE", revision=d.serving_revision, replicas=d.serving_replicas)
        elif isinstance(action, Fail):
            self.desired = replace(d, state="FAILED")
        elif isinstance(action, Settle):
            served = action.state in {"ACTIVE", "NEEDS_ATTENTION"}
            self.desired = replace(
                d,
                state=action.state,
                serving_revision=d.serving_revision if served else 0,
                serving_replicas=d.replicas if action.state == "ACTIVE" else d.serving_replicas if served else 0,
            )

    def life(self, place: Place) -> None:
        """Let a replica that is starting get where it gets."""
        if self.replicas.get(place) == "starting":
            self.replicas[place] = "failed" if place[0] in self.bad else "ready"

    def crash(self, place: Place) -> None:
        """A ready replica dies; the supervisor starts it again."""
        if self.replicas.get(place) == "ready":
            self.replicas[place] = "starting"

    def lose(self, place: Place) -> None:
        """A ready replica of the serving revision is killed, and the supervisor hesitates."""
        if self.replicas.get(place) == "ready" and place[0] == self.desired.serving_revision:
            self.replicas[place] = "lost"

    def ready(self, revision: int) -> int:
        return sum(1 for (r, _), phase in self.replicas.items() if r == revision and phase == "ready")

    def run(self, rounds: int = 60) -> None:
        for _ in range(rounds):
            actions = self.step()
            before = dict(self.replicas)
            for place in before:
                self.life(place)
            if not actions and self.replicas == before:
                return


worlds = st.builds(
    World,
    desired=st.builds(
        Desired,
        target=st.sampled_from(["ACTIVE", "INACTIVE", "DELETED"]),
        state=st.sampled_from(["CREATING", "UPDATING", "DELETING"]),
        revision=st.just(2),
        replicas=st.integers(1, 4),
        serving_revision=st.sampled_from([0, 1, 2]),
        serving_replicas=st.integers(1, 4),
    ),
    bad=st.frozensets(st.just(2)),
    unpreparable=st.frozensets(st.just(2)),
    replicas=st.dictionaries(
        st.tuples(st.integers(1, 3), st.integers(0, 5)), st.sampled_from(["starting", "ready"]), max_size=6
    ),
    prepared=st.sets(st.integers(1, 2)),
)


def settled(world: World) -> bool:
    d = world.desired
    if d.state == "FAILED":
        return not world.replicas
    if d.target != "ACTIVE":
        return d.state == d.target and not world.replicas
    wanted = {(d.revision, slot) for slot in range(d.replicas)}
    return d.state == "ACTIVE" and d.serving_revision == d.revision and set(world.replicas) == wanted


@settings(max_examples=250)
@given(worlds)
def test_every_start_converges(world: World) -> None:
    if world.desired.serving_revision == 2:  # it has proven itself: neither bad nor impossible to prepare
        world.bad = world.unpreparable = frozenset()
    world.run()
    assert settled(world), world


@settings(max_examples=200)
@given(worlds, st.lists(st.tuples(st.sampled_from(["step", "life", "crash", "lose"]), st.integers(0, 7)), max_size=40))
def test_any_order_of_events_converges_in_the_end(world: World, events: list[tuple[str, int]]) -> None:
    if world.desired.serving_revision == 2:
        world.bad = world.unpreparable = frozenset()
    for event, index in events:
        places = sorted(world.replicas)
        if event == "step":
            world.step()
        elif places:
            getattr(world, event)(places[index % len(places)])
    world.run()
    assert settled(world), world


@settings(max_examples=200)
@given(
    st.integers(1, 4),
    st.integers(1, 4),
    st.booleans(),
    st.lists(st.tuples(st.booleans(), st.integers(0, 7)), max_size=60),
)
def test_an_update_never_takes_a_serving_replica_away_before_the_new_ones_serve(
    before: int, after: int, bad: bool, events: list[tuple[bool, int]]
) -> None:
    old = {(1, slot): "ready" for slot in range(before)}
    desired = Desired("ACTIVE", "UPDATING", 2, after, serving_revision=1, serving_replicas=before)
    world = World(desired, bad=frozenset({2} if bad else ()), replicas=dict(old))
    for step, index in events:
        places = sorted(world.replicas)
        if step:
            world.step()
        elif places:
            world.life(places[index % len(places)])
        if world.desired.serving_revision == 1:
            assert world.ready(1) == before
        else:
            assert world.ready(2) == after
    world.run()
    assert world.desired.state == "ACTIVE"
    assert world.desired.serving_revision == (1 if bad else 2)


def test_a_first_start_that_fails_ends_failed_after_its_replicas_are_gone() -> None:
    world = World(Desired("ACTIVE", "CREATING", 1, 2), bad=frozenset({1}))
    seen = []
    for _ in range(10):
        seen += world.step()
        for place in list(world.replicas):
            world.life(place)
    assert world.desired.state == "FAILED"
    assert world.replicas == {}
    assert [type(action) for action in seen] == [Prepare, Start, Start, GiveUp, Stop, Stop, Fail]


def test_a_deployment_without_a_working_replica_needs_attention_and_recovers() -> None:
    world = World(
        Desired("ACTIVE", "ACTIVE", 1, 1, serving_revision=1, serving_replicas=1), replicas={(1, 0): "failed"}
    )
    world.step()
    assert world.desired.state == "NEEDS_ATTENTION"
    assert world.replicas == {(1, 0): "starting"}
    world.run()
    assert world.desired.state == "ACTIVE"


def test_an_update_of_a_deployment_that_cannot_work_does_not_wait_for_ever() -> None:
    desired = Desired("ACTIVE", "UPDATING", 1, 1, serving_revision=1, serving_replicas=1)
    world = World(desired, bad=frozenset({1}), replicas={(1, 0): "failed"})
    world.step()
    assert world.desired.state == "NEEDS_ATTENTION"


@settings(max_examples=200)
@given(
    st.integers(1, 4),
    st.integers(1, 4),
    st.booleans(),
    st.lists(st.tuples(st.booleans(), st.integers(0, 7)), max_size=60),
)
def test_a_gradual_update_keeps_the_capacity_and_runs_one_more_replica_at_most(
    before: int, after: int, bad: bool, events: list[tuple[bool, int]]
) -> None:
    desired = Desired("ACTIVE", "UPDATING", 2, after, serving_revision=1, serving_replicas=before, gradual=True)
    world = World(desired, bad=frozenset({2} if bad else ()), replicas={(1, slot): "ready" for slot in range(before)})

    def step() -> None:
        if world.desired.serving_revision == 1:
            world.desired = replace(world.desired, candidates=min(after, world.ready(2) + 1))
        world.step()
        if world.desired.serving_revision == 1 and world.desired.revision == 2:
            assert len(world.replicas) <= max(before, after) + 1
            assert world.ready(1) + world.ready(2) >= min(before, after)

    for is_step, index in events:
        places = sorted(world.replicas)
        if is_step:
            step()
        elif places:
            world.life(places[index % len(places)])
    for _ in range(60):
        step()
        for place in list(world.replicas):
            world.life(place)
    assert world.desired.state == "ACTIVE"
    assert world.desired.serving_revision == (1 if bad else 2)
    assert set(world.replicas) == {(world.desired.revision, slot) for slot in range(world.desired.replicas)}


def test_a_candidate_that_is_held_back_waits_beside_what_serves() -> None:
    desired = Desired("ACTIVE", "UPDATING", 2, 4, serving_revision=1, serving_replicas=4, hold=True, candidates=1)
    world = World(desired, replicas={(1, slot): "ready" for slot in range(4)})
    world.run()
    assert set(world.replicas) == {(1, 0), (1, 1), (1, 2), (1, 3), (2, 0)}
    assert world.step() == []
    world.desired = replace(world.desired, hold=False, candidates=4)
    world.run()
    assert world.desired.serving_revision == 2
    assert set(world.replicas) == {(2, slot) for slot in range(4)}


def test_a_deployment_without_replicas_proves_a_new_revision_with_one() -> None:
    world = World(Desired("ACTIVE", "UPDATING", 2, 0, serving_revision=1, serving_replicas=0))
    world.run()
    assert (world.desired.state, world.desired.serving_revision, world.replicas) == ("ACTIVE", 2, {})
    world = World(Desired("ACTIVE", "UPDATING", 2, 0, serving_revision=1, serving_replicas=0), bad=frozenset({2}))
    world.run()
    assert (world.desired.state, world.desired.serving_revision, world.replicas) == ("ACTIVE", 1, {})


def test_a_deployment_at_rest_is_left_alone() -> None:
    ready = {(3, 0): "ready", (3, 1): "ready"}
    world = World(Desired("ACTIVE", "ACTIVE", 3, 2, serving_revision=3, serving_replicas=2), replicas=ready)
    assert world.step() == []
