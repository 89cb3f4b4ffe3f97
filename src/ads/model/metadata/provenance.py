"""Provenance metadata: which code, in which state, trained a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ads.errors import InputError
from ads.model.builder import Record

if TYPE_CHECKING:
    from typing_extensions import Self

    from ads.model.provenance import Repository

__all__ = ["ModelProvenanceMetadata"]

_WIRE_NAMES = {
    "repository_url": "repositoryUrl",
    "git_branch": "gitBranch",
    "git_commit": "gitCommit",
    "artifact_dir": "scriptDir",
    "training_script_path": "trainingScript",
    "training_id": "trainingId",
}


@dataclass(repr=False)
class ModelProvenanceMetadata(Record):
    """Repository, branch, commit, script and training run; ``repo`` is the work tree they come from, not stored."""

    repo: Repository | None = None
    git_branch: str | None = None
    git_commit: str | None = None
    repository_url: str | None = None
    training_script_path: str | None = None
    training_id: str | None = None
    artifact_dir: str | None = None

    @classmethod
    def fetch_training_code_details(
        cls, training_script_path: str | None = None, training_id: str | None = None, artifact_dir: str | None = None
    ) -> Self:
        """Return what git says about the folder of the script, or about the current one.

        Without git, or outside a work tree, the git fields stay None and the rest is kept. What only this machine knows
        is left out: the script is named relative to its work tree, and a repository without a remote has no URL.
        """
        from ads.model.provenance import find_repository, portable_path

        repo = find_repository(training_script_path)
        return cls(
            repo=repo,
            git_branch=repo.branch if repo else None,
            git_commit=repo.commit if repo else None,
            repository_url=repo.url if repo else None,
            training_script_path=portable_path(training_script_path, repo) if training_script_path else None,
            training_id=training_id,
            artifact_dir=artifact_dir,
        )

    def assert_path_not_dirty(self, path: str, ignore: bool) -> None:
        """Raise :class:`~ads.errors.ChangesNotCommitted` if git knows of uncommitted changes below ``path``."""
        if self.repo is not None and not ignore:
            self.repo.require_committed(path)

    def to_dict(self, **_kwargs: Any) -> dict[str, Any]:
        """Return the fields apart from ``repo``."""
        return {name: value for name, value in vars(self).items() if name != "repo"}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the provenance that :meth:`to_dict` wrote; raises ``ValueError`` for unknown fields."""
        unknown = set(data) - set(_WIRE_NAMES)
        if unknown:
            raise InputError(f"Provenance has no field {min(unknown)!r}.", hint=f"Fields: {', '.join(_WIRE_NAMES)}.")
        return cls(**data)

    def to_wire(self) -> dict[str, str]:
        """Return the fields that are set, as the catalog's REST interface names them."""
        return {wire: getattr(self, name) for name, wire in _WIRE_NAMES.items() if getattr(self, name)}

    @classmethod
    def from_wire(cls, data: Mapping[str, Any] | None) -> Self:
        """Return the provenance that the catalog's REST interface wrote."""
        return cls(**{name: (data or {}).get(wire) for name, wire in _WIRE_NAMES.items()})
