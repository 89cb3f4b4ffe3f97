"""What a gateway tells the control plane of each deployment: one JSON line a second, and at once when it is called.

Counts only grow as long as the gateway lives and the revision is in its table. ``load`` is the sum of what was waiting
and in flight at each of ``samples`` looks. ``calling``: requests wait although no replica is wanted. ``pairs`` are
answers of a shadow that differ, ``kill`` names replicas of other machines that exceeded the time limit; each is told
once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence

from ads.gateway.pool import Pool

__all__ = ["signals_line"]


def signals_line(pools: Mapping[str, Pool], kill: Sequence[str] = ()) -> bytes:
    """Return what there is to tell, as one line."""
    deployments = {deployment_id: _of(pool) for deployment_id, pool in pools.items()}
    told = {"gateway": os.getpid(), "deployments": deployments, **({"kill": list(kill)} if kill else {})}
    return json.dumps(told).encode() + b"\n"


def _of(pool: Pool) -> dict[str, object]:
    shadow = pool.shadow
    return {
        "load": pool.load_sum,
        "samples": pool.load_samples,
        "calling": pool.calling,
        "revisions": {
            str(lane.revision): {
                "requests": lane.counts.requests,
                "errors": lane.counts.errors,
                "latency": lane.counts.latency,
            }
            for lane in pool.lanes.values()
        },
        "compared": shadow.compared if shadow is not None else 0,
        "disagreed": shadow.disagreed if shadow is not None else 0,
        "pairs": shadow.take_pairs() if shadow is not None else [],
    }
