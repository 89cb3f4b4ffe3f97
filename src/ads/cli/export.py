"""``ads export``: a model as an image, as manifests for Kubernetes, as an archive for OCI."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ads.cli import references
from ads.cli.commands import LazyCommand, LazyGroup, command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.reference_argument import reference_argument
from ads.cli.references import MODEL
from ads.errors import InputError

if TYPE_CHECKING:
    from ads.export.subject import Subject

__all__ = ["docker", "export", "kubernetes", "oci_zip"]

export = LazyGroup(
    "export",
    sections={
        "Elsewhere": {
            "docker": LazyCommand(
                "ads.cli.export:docker", "Write the folder that an image of a model is built from, and a compose file."
            ),
            "kubernetes": LazyCommand(
                "ads.cli.export:kubernetes", "Write manifests that run a model's image in a cluster."
            ),
            "oci-zip": LazyCommand("ads.cli.export:oci_zip", "Write the archive that OCI's model catalog takes."),
        }
    },
    example="ads export docker churn@champion --output churn-image",
    help="Take a model elsewhere: an image, manifests for Kubernetes, an archive for OCI.",
)


@command(
    "docker",
    example="""
        ads export docker churn@champion --output churn-image
        ads export docker churn/ --output churn-image
    """,
)
@reference_argument(MODEL)
@click.option(
    "--output",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="A new folder, or an empty one.",
)
@pass_invocation
def docker(invocation: Invocation, reference: str, folder: Path) -> None:
    """Write a folder with a Dockerfile, a compose file, and all that goes into the image: the model and this service.

    REF is a registered model, or an artifact's folder or archive. The image runs as a user without rights; versions are
    those of the model's requirements and of this installation. Nothing is built: that takes a container engine.
    """
    from ads.export.image import write_image

    with _subject(invocation, reference) as subject:
        write_image(subject, folder, invocation.output.warn)
    if invocation.format == "json":
        invocation.output.json({"path": str(folder), "image": subject.image})
    else:
        invocation.output.text(str(folder))
    invocation.output.success(f"The image {subject.image} can be built from {folder}.")
    invocation.output.hint(f"Build it: docker build -t {subject.image} {shlex.quote(str(folder))}")


@command(
    "kubernetes",
    example="""
        ads export kubernetes churn@champion --image shop/churn:3 | kubectl apply -f -
        ads export kubernetes churn@champion --output manifests/ --cpus 2 --memory 4Gi --least 3 --most 12
        ads export kubernetes churn@champion --kserve
        ads export kubernetes churn@champion --image shop/churn:3 --apply
    """,
)
@reference_argument(MODEL)
@click.option("--image", metavar="NAME", help="The image's name in your registry. Default: name:version.")
@click.option("--kserve", "for_kserve", is_flag=True, help="One InferenceService instead of plain objects.")
@click.option(
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="A file for each object.",
)
@click.option(
    "--cpus", default="1", show_default=True, metavar="NUMBER", help="Processors of a pod, such as 2 or 500m."
)
@click.option("--memory", default="2Gi", show_default=True, metavar="SIZE", help="Memory of a pod.")
@click.option("--least", type=click.IntRange(1), default=2, show_default=True, metavar="N", help="Fewest pods.")
@click.option("--most", type=click.IntRange(1), default=6, show_default=True, metavar="N", help="Most pods.")
@click.option("--apply", "sent", is_flag=True, help="Send them to the cluster of the kubeconfig, too.")
@pass_invocation
def kubernetes(
    invocation: Invocation,
    reference: str,
    image: str | None,
    for_kserve: bool,
    folder: Path | None,
    cpus: str,
    memory: str,
    least: int,
    most: int,
    sent: bool,
) -> None:
    """Print manifests for the model REF, or write them to files. The image is what ads export docker prepares.

    They need nothing in the cluster but the image, and the secret that callers' token is in. With --apply they are sent
    there, without kubectl: as the kubeconfig says, or the settings kubernetes_config and kubernetes_namespace.
    """
    from ads.export.manifests import Size, kserve, plain

    if most < least:
        raise click.UsageError("--most is less than --least.")
    size = Size(_quantity("--cpus", cpus), _quantity("--memory", memory), least, most)
    with _subject(invocation, reference) as subject:
        objects = (kserve if for_kserve else plain)(subject, image or subject.image, size)
    if sent:
        _send(invocation, objects, f"{subject.name}-token")
    if folder is not None or not sent:
        _write(invocation, objects, folder)
    secret = f"kubectl create secret generic {subject.name}-token --from-literal=token=$(openssl rand -hex 32)"
    invocation.output.hint(f"Make the callers' token first: {secret}")


@command(
    "oci-zip",
    example="""
        ads export oci-zip churn@champion --output churn.zip
    """,
)
@reference_argument(MODEL)
@click.option(
    "--output", "target", required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="A .zip."
)
@pass_invocation
def oci_zip(invocation: Invocation, reference: str, target: Path) -> None:
    """Write the artifact of REF as one archive, as OCI's clients upload it: the same model, the same bytes."""
    from ads.artifact.archive import write_zip

    if target.suffix.lower() != ".zip":
        raise InputError(f"{target} is to be an archive.", hint="Let its name end in .zip.")
    with _artifact(invocation, reference) as (folder, _, _):
        target.parent.mkdir(parents=True, exist_ok=True)
        write_zip(folder, target)
        named = _names_a_pack(folder)
    invocation.output.text(str(target))
    if not named:
        invocation.output.warn("runtime.yaml names no conda pack for inference: OCI can't deploy this without one.")
    invocation.output.success(f"{target} can be uploaded to OCI's model catalog.")


def _names_a_pack(folder: Path) -> bool:
    from ads.artifact import runtime_yaml

    section = runtime_yaml.read(folder).get("MODEL_DEPLOYMENT") or {}
    return bool((section.get("INFERENCE_CONDA_ENV") or {}).get("INFERENCE_ENV_PATH"))


def _write(invocation: Invocation, objects: dict[str, Any], folder: Path | None) -> None:
    import yaml

    if folder is None:
        if invocation.format == "json":
            invocation.output.json({"apiVersion": "v1", "kind": "List", "items": list(objects.values())})
            return
        invocation.output.text(yaml.safe_dump_all(objects.values(), sort_keys=False).rstrip())
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in objects.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    invocation.output.text(str(folder))
    invocation.output.success(f"{len(objects)} file{'' if len(objects) == 1 else 's'} in {folder}.")


def _send(invocation: Invocation, objects: dict[str, Any], token: str) -> None:
    """Make the cluster have the objects, by server-side apply. Raises EngineUnavailable with the cluster's words."""
    import os

    from ads.deploy.engines.kubernetes_access import access_of
    from ads.deploy.engines.kubernetes_client import KubernetesClient

    settings = invocation.load_settings()
    access = access_of(settings.kubernetes_config, settings.kubernetes_namespace, os.environ)
    client = KubernetesClient(access)
    try:
        for content in objects.values():
            client.apply(content)
            invocation.output.success(f"{content['kind']} {content['metadata']['name']} is in {client.namespace}.")
        if client.get("Secret", token) is None:
            invocation.output.warn(f"There is no secret {token} in {client.namespace} yet: the pods wait for it.")
    finally:
        client.close()


def _quantity(option: str, text: str) -> str:
    import re

    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?(m|[kMGTP]i?)?", text):
        raise click.BadParameter(f"{text!r} is no quantity, such as 2, 500m or 4Gi.", param_hint=f"'{option}'")
    return text


@contextmanager
def _subject(invocation: Invocation, reference: str) -> Iterator[Subject]:
    from ads.export.subject import subject_of

    with _artifact(invocation, reference) as (folder, name, version):
        yield subject_of(folder, name, version, ".".join(platform.python_version_tuple()[:2]))


@contextmanager
def _artifact(invocation: Invocation, reference: str) -> Iterator[tuple[Path, str, str]]:
    """Yield the unpacked artifact, the model's name, and its version."""
    import tempfile

    from ads.cli.verify import unpacked
    from ads.client.references import ResolvedModel, is_path
    from ads.model.artifact_transfer import fetch_artifact

    if is_path(reference):
        path = Path(reference).expanduser()
        with unpacked(path) as folder:
            yield folder, path.resolve().stem if path.is_file() else path.resolve().name, "1"
        return
    model = ResolvedModel.of(references.find(invocation.service, MODEL, reference))
    with tempfile.TemporaryDirectory(prefix="openads-") as scratch:
        folder = Path(scratch) / "artifact"
        fetch_artifact(invocation.service, model.id, folder)
        version = str(model.version_id) if model.version_id else references.short_id(model.id)
        yield folder, model.version_set_name or model.display_name, version
