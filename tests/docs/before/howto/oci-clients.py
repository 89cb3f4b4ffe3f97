"""What stands before the code of docs/howto/oci-clients.md: a service that runs."""

from ads.client import Service

Service.find()
