"""A folder or a zip file becomes a registered model: for ``ads models create``, ``push`` and ``deploy``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.cli.invocation import Invocation
from ads.cli.model_body import described_by, with_metrics
from ads.cli.references import VERSION_SET
from ads.errors import IntrospectionNotPassed

if TYPE_CHECKING:
    from ads.client import Service
    from ads.client.references import ResolvedModel

__all__ = ["Registration", "body_for", "check", "name_of", "register"]


@dataclass(frozen=True)
class Registration:
    """What a new model is called and carries besides its artifact. Empty: decided by the artifact, or left out."""

    name: str = ""
    version_set: str = ""
    label: str = ""
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, str] = field(default_factory=dict)
    project_id: str = ""
    checked: bool = True


def check(path: Path) -> list[str]:
    """Return what is wrong with the artifact at ``path``, one line for each failed check; none when it is fine.

    Nothing in it is run. Raises :class:`~ads.errors.ArtifactError` for an archive that breaks the rules.
    """
    from ads.cli.artifact_files import checkable
    from ads.introspect import introspect

    with checkable(path) as folder:
        report = introspect(folder)
    return [f"{result.key}: {result.error_msg}" for result in report.results if result.success is False]


def require_checked(path: Path) -> None:
    """Raise :class:`~ads.errors.IntrospectionNotPassed` when a check of the artifact fails."""
    problems = check(path)
    if problems:
        raise IntrospectionNotPassed(
            "\n".join([f"The artifact {path} doesn't pass its checks:", *(f"  {line}" for line in problems)]),
            hint=f"See all of them: ads introspect {path}   (--no-check registers it all the same)",
        )


def name_of(path: Path, registration: Registration) -> str:
    """Return what the model is called: as was asked, else as its set, else as the folder or the archive."""
    resolved = path.expanduser().absolute().resolve()
    return registration.name or registration.version_set or (resolved.stem if resolved.is_file() else resolved.name)


def body_for(service: Service, path: Path, registration: Registration) -> dict[str, Any]:
    """Return the body that creates the model, without its version set."""
    from ads.cli.artifact_files import local

    body: dict[str, Any] = {
        "compartmentId": service.compartment_id,
        "projectId": registration.project_id or service.project_id,
        "displayName": name_of(path, registration),
        **described_by(local(path)),
    }
    if registration.metrics:
        body["customMetadataList"] = with_metrics([], registration.metrics)
    extra = {"description": registration.description, "freeformTags": registration.tags}
    return {**body, **{key: value for key, value in extra.items() if value}}


def register(invocation: Invocation, path: Path, registration: Registration) -> ResolvedModel:
    """Register the artifact and return the model. Checks come first: what fails them changes nothing.

    A version set that doesn't exist yet is created. Ctrl-C during the upload leaves nothing behind.
    """
    from ads.client.references import ResolvedModel
    from ads.client.registration import register_model
    from ads.model.artifact_transfer import packed

    service = invocation.service
    if registration.checked:
        require_checked(path)
    body = body_for(service, path, registration)
    with packed(path) as archive:
        if registration.version_set:
            body["modelVersionSetId"] = _version_set_id(invocation, registration)
            if registration.label:
                body["versionLabel"] = registration.label
        model_id = register_model(
            service, body, deliver=lambda service, model_id: service.upload_artifact(model_id, archive)
        )
    return ResolvedModel.of(service.get_json(f"/20190101/models/{model_id}"))


def _version_set_id(invocation: Invocation, registration: Registration) -> str:
    """Return the set's OCID; a name that nobody has yet becomes a set."""
    from ads.cli import references
    from ads.errors import NotFound

    service, name = invocation.service, registration.version_set
    if name.lower().startswith("ocid1."):
        return name
    try:
        return str(references.find(service, VERSION_SET, name)["id"])
    except NotFound:
        pass
    body = {
        "name": name,
        "compartmentId": service.compartment_id,
        "projectId": registration.project_id or service.project_id,
    }
    made = service.request("POST", VERSION_SET.path, json=body, retry_token=True).json()
    invocation.output.talk(f"The version set {name!r} is new.")
    return str(made["id"])
