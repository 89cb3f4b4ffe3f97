"""The history of a deployment in the catalog."""

from __future__ import annotations

from ads.registry.rollouts import (
    MOST_PAIRS,
    ShadowPair,
    active_rollout,
    active_rollouts,
    add_pairs,
    begin_rollout,
    end_rollout,
    note_revision,
    note_served,
    pairs_of,
    previous_revision,
    rollouts_of,
)

from .conftest import Catalog
from .test_deployments import insert


def pair(number: int) -> ShadowPair:
    return ShadowPair(
        request_id=str(number), serving_status=200, serving_answer="1", shadow_status=200, shadow_answer="2"
    )


def test_at_most_one_rollout_is_under_way_and_all_are_remembered(catalog: Catalog) -> None:
    made = insert(catalog, catalog.model().id)
    with catalog.database.write() as session:
        assert active_rollout(session, made.id) is None
        for state in ("ABORTED", "SUCCEEDED"):
            begin_rollout(session, made, {"strategy": "rolling"}, "me")
            assert active_rollouts(session)[made.id].state == "STARTING"
            ended = end_rollout(session, made, state, "because")
            assert ended is not None
            assert ended.time_ended is not None
            assert active_rollout(session, made.id) is None
        assert end_rollout(session, made, "ABORTED") is None
        assert [row.state for row in rollouts_of(session, made.id)] == ["SUCCEEDED", "ABORTED"]


def test_only_the_newest_differences_are_kept(catalog: Catalog) -> None:
    made = insert(catalog, catalog.model().id)
    with catalog.database.write() as session:
        other = begin_rollout(session, made, {}, "me")
        add_pairs(session, other, [pair(-1)])
        end_rollout(session, made, "ABORTED")
        rollout = begin_rollout(session, made, {}, "me")
        for begin in range(0, MOST_PAIRS + 60, 20):
            add_pairs(session, rollout, [pair(begin + number) for number in range(20)])
    with catalog.database.read() as session:
        found = [int(row.request_id) for row in pairs_of(session, rollout)]
        assert found == list(range(MOST_PAIRS + 59, 59, -1))
        assert len(pairs_of(session, other)) == 1


def test_what_served_before_is_found_through_repetitions_and_failures(catalog: Catalog) -> None:
    made = insert(catalog, catalog.model().id)
    with catalog.database.write() as session:
        made = session.merge(made)
        for origin, served in ((None, True), (1, True), (None, False), (None, True), (4, True)):
            if made.last_revision > 1 or made.serving_revision:
                made.new_revision()
            note_revision(session, made, "me", origin=origin)
            if served:
                note_served(session, made)
                made.serving_revision = made.revision
        assert made.serving_revision == 5
        found = previous_revision(session, made)
        assert found is not None
        assert found.revision == 1  # 2 repeats it, 3 never served, 5 repeats 4
        made.serving_revision = 2
        assert previous_revision(session, made) is None
