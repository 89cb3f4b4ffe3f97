"""What to paste so that OCI's clients use a service: none of them takes its address from the profile."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

__all__ = ["snippets"]

_TEMPLATE = """\
# oci, in Python
import oci
config = oci.config.from_file({file!r}, {profile!r})
client = oci.data_science.DataScienceClient(config, service_endpoint={endpoint!r})
print(client.list_models({compartmentId!r}).data)

# oci-cli, in a shell
export OCI_CLI_CONFIG_FILE={shell_file}
export OCI_CLI_PROFILE={shell_profile}
export OCI_CLI_ENDPOINT={endpoint}
export SUPPRESS_LABEL_WARNING=True
oci data-science model list --compartment-id {compartmentId}

# oracle-ads, in Python, before anything else (in an environment without openads: both own the package 'ads')
import json, os
os.environ["FSSPEC_OCI"] = json.dumps({{"config_kwargs": {{"service_endpoint": {endpoint!r}}}}})
os.environ["OCI_ODSC_SERVICE_ENDPOINT"] = {endpoint!r}
os.environ["NB_SESSION_COMPARTMENT_OCID"] = {compartmentId!r}
os.environ["PROJECT_OCID"] = {projectId!r}
import ads
ads.set_auth("api_key", oci_config_location={file!r}, profile={profile!r},
             client_kwargs={{"service_endpoint": {endpoint!r}}})"""


def snippets(facts: Mapping[str, str]) -> str:
    """Return the lines for ``oci``, ``oci-cli`` and oracle-ads, complete enough to paste."""
    return _TEMPLATE.format(**facts, shell_file=shlex.quote(facts["file"]), shell_profile=shlex.quote(facts["profile"]))
