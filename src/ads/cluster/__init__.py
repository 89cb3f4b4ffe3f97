"""Several machines as one service: against one PostgreSQL and one artifact store.

Every data directory that takes part is a *member* with a role. ``control`` answers the API, ``gateway`` is a door,
``node`` runs replicas, ``all`` is all of it. What must be done once in the cluster is done by the one control plane
that leads. What gateways go by stands in the database; each machine has a *feed* that brings it to its own files.
"""
