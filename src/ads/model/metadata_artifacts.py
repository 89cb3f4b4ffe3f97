"""Files attached to metadata, models by reference, archived artifacts: documented features this service lacks."""

from __future__ import annotations

from typing import Any, NoReturn

from ads.errors import NotSupported

__all__ = ["UnsupportedCatalogFeatures", "refuse"]


def refuse(feature: str, instead: str) -> NoReturn:
    """Raise :class:`~ads.errors.NotSupported` for ``feature``, naming what to do instead."""
    raise NotSupported(f"{feature} not supported by this version.", hint=instead)


class UnsupportedCatalogFeatures:
    """The members of ``DataScienceModel`` that raise :class:`~ads.errors.NotSupported`."""

    def create_custom_metadata_artifact(
        self, metadata_key_name: str, artifact_path_or_content: Any, path_type: str = "local"
    ) -> NoReturn:
        """Attach a file to a custom metadata key: not supported."""
        _refuse_metadata_file(metadata_key_name, artifact_path_or_content, path_type)

    def create_defined_metadata_artifact(
        self, metadata_key_name: str, artifact_path_or_content: Any, path_type: str = "local"
    ) -> NoReturn:
        """Attach a file to a taxonomy key: not supported."""
        _refuse_metadata_file(metadata_key_name, artifact_path_or_content, path_type)

    def update_custom_metadata_artifact(
        self, metadata_key_name: str, artifact_path_or_content: Any, path_type: str = "local"
    ) -> NoReturn:
        """Replace the file of a custom metadata key: not supported."""
        _refuse_metadata_file(metadata_key_name, artifact_path_or_content, path_type)

    def update_defined_metadata_artifact(
        self, metadata_key_name: str, artifact_path_or_content: Any, path_type: str = "local"
    ) -> NoReturn:
        """Replace the file of a taxonomy key: not supported."""
        _refuse_metadata_file(metadata_key_name, artifact_path_or_content, path_type)

    def get_custom_metadata_artifact(self, metadata_key_name: str, target_dir: str, override: bool = False) -> NoReturn:
        """Download the file of a custom metadata key: not supported."""
        _refuse_metadata_file(metadata_key_name, target_dir, override)

    def get_defined_metadata_artifact(
        self, metadata_key_name: str, target_dir: str, override: bool = False
    ) -> NoReturn:
        """Download the file of a taxonomy key: not supported."""
        _refuse_metadata_file(metadata_key_name, target_dir, override)

    def delete_custom_metadata_artifact(self, metadata_key_name: str) -> NoReturn:
        """Remove the file of a custom metadata key: not supported."""
        _refuse_metadata_file(metadata_key_name)

    def delete_defined_metadata_artifact(self, metadata_key_name: str) -> NoReturn:
        """Remove the file of a taxonomy key: not supported."""
        _refuse_metadata_file(metadata_key_name)

    def if_model_custom_metadata_artifact_exist(self, metadata_key_name: str, **_kwargs: Any) -> NoReturn:
        """Say whether a custom metadata key has a file: not supported."""
        _refuse_metadata_file(metadata_key_name)

    def restore_model(self, restore_model_for_hours_specified: Any = None) -> NoReturn:
        """Bring an archived artifact back: not supported, as nothing is archived. Checks the hours all the same."""
        from ads.errors import InputError

        hours = restore_model_for_hours_specified
        if hours is not None and (not isinstance(hours, int) or isinstance(hours, bool) or hours <= 0):
            raise InputError(
                f"An artifact is restored for a positive number of hours, not for {hours!r}.",
                hint="Pass a whole number, or nothing.",
            )
        refuse("Restoring archived artifacts is", "This service never archives an artifact: download_artifact() works.")

    def add_artifact(
        self,
        uri: str | None = None,
        namespace: str | None = None,
        bucket: str | None = None,
        prefix: str | None = None,
        files: list[str] | None = None,
    ) -> NoReturn:
        """Add objects to a model by reference: not supported."""
        _refuse_reference(uri, namespace, bucket, prefix, files)

    def remove_artifact(
        self,
        uri: str | None = None,
        namespace: str | None = None,
        bucket: str | None = None,
        prefix: str | None = None,
    ) -> NoReturn:
        """Remove objects from a model by reference: not supported."""
        _refuse_reference(uri, namespace, bucket, prefix)


def _refuse_metadata_file(key: str, *_arguments: Any) -> NoReturn:
    refuse(f"Attaching files to metadata (here {key!r}) is", "Put the file into the artifact's folder instead.")


def _refuse_reference(*_arguments: Any) -> NoReturn:
    refuse("Models by reference are", "Download the objects and set their folder with with_artifact().")
