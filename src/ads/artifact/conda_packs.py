"""Conda packs: what a slug such as ``generalml_p38_cpu_v1`` or an ``oci://`` path stands for, without a network.

The catalog of service packs ships with this package. An operator adds to it, or corrects it, with ``conda-packs.json``
in the data directory, in the format of OCI's own ``index.json``: ``{"service_packs": [{"slug", "pack_path", "python",
"type"}]}``.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ads.artifact.environment_catalog import read_catalog
from ads.errors import ArtifactError, CondaPackNotFound

__all__ = [
    "DEFAULT_BUCKET",
    "DEFAULT_NAMESPACE",
    "EXTRA_FILE",
    "PUBLISHED",
    "SERVICE_PACK",
    "CondaPack",
    "catalog",
    "resolve",
    "resolve_path",
    "shipped_slugs",
]

DEFAULT_BUCKET = "service-conda-packs"
DEFAULT_NAMESPACE = "id19sfcrra6z"
SERVICE_PACK = "data_science"
PUBLISHED = "published"
EXTRA_FILE = "conda-packs.json"

_OCI_PATH = re.compile(r"oci://(?P<bucket>[^@/\s]+)@(?P<namespace>[^@/\s]+)/(?P<object>\S(?:.*\S)?)")
_ENDING = re.compile(r"\.(?:tar(?:\.(?:gz|bz2|xz))?|tgz)$")
_OTHER_PATH = re.compile(rf"(?:https?://|s3://|gs://|abfs://|file:///|/)(?P<object>[^\s?#]+{_ENDING.pattern})")
_SLUG_PYTHON = re.compile(r"_p(?:y)?(?P<major>3)\.?(?P<minor>\d{1,2})_")


@dataclass(frozen=True)
class CondaPack:
    """A packed conda environment. ``type`` is ``data_science`` (of the service) or ``published`` (of a user).

    ``python`` is ``""`` where nothing tells the version. ``in_catalog`` is false for a path of which only the path is
    known.
    """

    slug: str
    path: str
    type: str
    python: str
    in_catalog: bool = field(default=True, compare=False)


def resolve(
    slug_or_path: str, *, namespace: str = DEFAULT_NAMESPACE, bucket: str = DEFAULT_BUCKET, home: Path | None = None
) -> CondaPack:
    """Return the pack that a slug or a full ``oci://bucket@namespace/path`` stands for.

    ``namespace`` and ``bucket`` take the place of those in the path of a slug. ``home`` is the data directory whose
    ``conda-packs.json`` is merged; by default that of the settings. A path is accepted as it is: whether the object
    exists can't be known here.

    Raises :class:`~ads.errors.CondaPackNotFound` (a ``ValueError``) that names the closest known slugs.
    """
    wanted = slug_or_path.strip()
    packs = _known(home)
    if "://" in wanted or wanted.startswith("/"):
        return _of_path(wanted, packs)
    pack = packs.get(wanted)
    if pack is None:
        raise _unknown(wanted, packs)
    return _moved(pack, namespace, bucket)


def resolve_path(path: str, *, home: Path | None = None) -> CondaPack:
    """Return the pack at a full path; as :func:`resolve`, but a slug is refused."""
    return _of_path(path.strip(), _known(home))


def catalog(
    home: Path | None = None, *, namespace: str = DEFAULT_NAMESPACE, bucket: str = DEFAULT_BUCKET
) -> dict[str, CondaPack]:
    """Return the known packs by slug; aliases stand next to the slugs they mean. Parameters as for :func:`resolve`.

    Raises :class:`~ads.errors.ArtifactError` when the operator's file can't be used.
    """
    return {name: _moved(pack, namespace, bucket) for name, pack in _known(home).items()}


def shipped_slugs() -> set[str]:
    """Return the slugs of the service packs that ship with this package."""
    return set(_shipped())


def _known(home: Path | None) -> Mapping[str, CondaPack]:
    if home is None:
        from ads.settings import load_settings

        settings = load_settings()
        of_operator = {
            entry.slug: CondaPack(entry.slug, entry.pack, PUBLISHED, entry.python)
            for entry in read_catalog(settings.environment_catalog).values()
        }
        return {**_with_extra(settings.home), **of_operator}
    return _with_extra(home)


def _with_extra(home: Path) -> Mapping[str, CondaPack]:
    extra = home / EXTRA_FILE
    try:
        content = extra.read_bytes()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return _shipped()
    try:
        return {**_shipped(), **{pack.slug: pack for pack in _records(json.loads(content))}}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArtifactError(
            f"{extra} can't be used as a catalog of conda packs: {type(error).__name__}: {error}.",
            hint='Write {"service_packs": [{"slug": …, "pack_path": …, "python": …}]}, or remove the file.',
        ) from None


@functools.cache
def _shipped() -> Mapping[str, CondaPack]:
    document = json.loads(Path(__file__).with_name("conda_packs.json").read_text(encoding="utf-8"))
    base = f"oci://{document['bucket']}@{document['namespace']}"
    packs = {pack.slug: pack for pack in _records(document)}
    for family in document["families"]:
        for revision in range(1, family["revisions"] + 1):
            slug = f"{family['family']}_v{revision}"
            folder = f"{'gpu' if '_gpu' in slug else 'cpu'}/{family['name'].replace(' ', '_')}/{revision}.0"
            packs[slug] = CondaPack(slug, f"{base}/service_pack/{folder}/{slug}", SERVICE_PACK, family["python"])
    packs.update({alias: packs[slug] for alias, slug in document["aliases"].items()})
    return packs


def _records(document: Mapping[str, Any]) -> Iterator[CondaPack]:
    for record in document.get("service_packs", ()):
        path = str(record["pack_path"])
        yield CondaPack(str(record["slug"]), path, str(record.get("type") or _type_of(path)), str(record["python"]))


def _of_path(path: str, packs: Mapping[str, CondaPack]) -> CondaPack:
    match = _OCI_PATH.fullmatch(path) or _OTHER_PATH.fullmatch(path)
    if match is None or not path.isprintable() or ".." in path.split("/"):
        raise CondaPackNotFound(
            f"{path[:200]!r} is not the path of a conda pack.",
            hint="Give a slug, or a path such as oci://bucket@namespace/conda_environments/cpu/name/1.0/slug.",
        )
    slug = _ENDING.sub("", match["object"].rstrip("/").rsplit("/", 1)[-1])
    known = packs.get(slug)
    kind = _type_of(path)
    if known is not None and known.type == kind:
        return replace(known, path=path)
    found = _SLUG_PYTHON.search(f"{slug}_")
    return CondaPack(slug, path, kind, f"{found['major']}.{found['minor']}" if found else "", False)


def _type_of(path: str) -> str:
    match = _OCI_PATH.fullmatch(path)
    ours = match and match["bucket"] == DEFAULT_BUCKET and match["object"].startswith("service_pack/")
    return SERVICE_PACK if ours else PUBLISHED


def _moved(pack: CondaPack, namespace: str, bucket: str) -> CondaPack:
    match = _OCI_PATH.fullmatch(pack.path)
    if match is None or pack.type != SERVICE_PACK:
        return pack
    if (match["namespace"], match["bucket"]) != (DEFAULT_NAMESPACE, DEFAULT_BUCKET):
        return pack  # the operator wrote where it is
    return replace(pack, path=f"oci://{bucket}@{namespace}/{match['object']}")


def _unknown(slug: str, packs: Mapping[str, CondaPack]) -> CondaPackNotFound:
    from difflib import get_close_matches

    near = get_close_matches(slug, packs, n=3, cutoff=0.5)
    known = f"The closest known: {', '.join(near)}." if near else "Known are for example generalml_p311_cpu_x86_64_v1."
    return CondaPackNotFound(
        f"No conda pack has the slug {slug[:100]!r}.",
        hint=f"{known} Leave inference_conda_env out to use the packages of this Python.",
    )
