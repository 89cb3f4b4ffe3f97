"""A service in simulated time: deployments, machines, replicas, gateways, a control plane with a leader.

What decides is the product's own code: lanes with their queues, batches and second tries, ``reconcile``, ``autoscale``,
``place``, ``room``, ``plan``. What takes time (models, starts, rounds, publishing) are numbers. See docs/scaling.md.
"""
