"""What stands before the code of docs/howto/oci.md: a configuration of OCI that leads to the service."""

import subprocess
import sys

from ads.client import Service

Service.find()
subprocess.run([sys.executable, "-m", "ads.cli", "config", "oci", "--file", ".oci/config"], check=True)
