"""A machine that runs replicas for a cluster: it follows the leader's orders and tells how its replicas are."""
