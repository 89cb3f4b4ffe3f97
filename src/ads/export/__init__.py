"""A model as files that other systems run: an image, manifests for Kubernetes, an archive for OCI.

``subject`` is what is exported, ``image`` the folder that an image is built from, ``pod`` what runs in it, and
``manifests`` what a cluster is told. Nothing here talks to a cluster or a registry.
"""
