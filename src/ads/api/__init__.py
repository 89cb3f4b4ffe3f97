"""The control plane over HTTP: OCI's paths and bodies, signatures and tokens, and a few paths of our own."""
