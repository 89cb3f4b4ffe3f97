"""What to paste so that OCI's clients use a service: none of them takes its address from the profile."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping

__all__ = ["snippets"]

_TEMPLATE = """\
# oci, in Python
import oci
config = oci.config.from_file({file}, {profile})
client = oci.data_science.DataScienceClient(config, service_endpoint={endpoint})
print(client.list_models({compartmentId}).data)

# oci-cli, in a shell
export OCI_CLI_CONFIG_FILE={shell_file}
export OCI_CLI_PROFILE={shell_profile}
export OCI_CLI_ENDPOINT={shell_endpoint}
export SUPPRESS_LABEL_WARNING=True
oci data-science model list --compartment-id {shell_compartment}

# oracle-ads, in Python, before anything else, in an environment without openads
import json, os
os.environ["FSSPEC_OCI"] = json.dumps({{"config_kwargs": {{"service_endpoint": {endpoint}}}}})
os.environ["OCI_ODSC_SERVICE_ENDPOINT"] = {endpoint}
os.environ["NB_SESSION_COMPARTMENT_OCID"] = {compartmentId}
os.environ["PROJECT_OCID"] = {projectId}
import ads
ads.set_auth("api_key", oci_config_location={file}, profile={profile},
             client_kwargs={{"service_endpoint": {endpoint}}})"""


def snippets(facts: Mapping[str, str]) -> str:
    """Return the lines for ``oci``, ``oci-cli`` and oracle-ads, complete enough to paste."""
    quoted = {name: json.dumps(value) for name, value in facts.items()}
    return _TEMPLATE.format(
        **quoted,
        shell_file=shlex.quote(facts["file"]),
        shell_profile=shlex.quote(facts["profile"]),
        shell_endpoint=shlex.quote(facts["endpoint"]),
        shell_compartment=facts["compartmentId"],
    )
