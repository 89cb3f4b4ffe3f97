"""Models by reference, archived artifacts: documented features this service lacks."""

from __future__ import annotations

from typing import Any, NoReturn

from ads.errors import NotSupported

__all__ = ["UnsupportedCatalogFeatures", "refuse"]


def refuse(feature: str, instead: str) -> NoReturn:
    """Raise :class:`~ads.errors.NotSupported` for ``feature``, naming what to do instead."""
    raise NotSupported(f"{feature} not supported by this version.", hint=instead)


class UnsupportedCatalogFeatures:
    """The members of ``DataScienceModel`` that raise :class:`~ads.errors.NotSupported`."""

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


def _refuse_reference(*_arguments: Any) -> NoReturn:
    refuse("Models by reference are", "Download the objects and set their folder with with_artifact().")
