"""The methods of every model that fill its metadata."""

from __future__ import annotations

from ads.model.defaults import DATA_SCHEMA_MAX_COL_NUM

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

__all__ = ["MetadataMixin"]


class MetadataMixin:
    """Fills metadata and schemas; ``prepare()`` does the same by itself."""

    def populate_metadata(
        self,
        use_case_type: str | None = None,
        data_sample: Any = None,
        X_sample: Any = None,  # noqa: N803
        y_sample: Any = None,
        training_script_path: str | None = None,
        training_id: str | None = None,
        ignore_pending_changes: bool = True,
        max_col_num: int = DATA_SCHEMA_MAX_COL_NUM,
        ignore_conda_error: bool = False,
        **kwargs: Any,
    ) -> None:
        """Fill taxonomy, custom and provenance metadata and the schemas."""
        from ads.model.description import populate_metadata
        from ads.model.options import PrepareOptions

        arguments = {**locals(), "X_sample": data_sample if X_sample is None else X_sample}
        populate_metadata(self, PrepareOptions.of(arguments, kwargs))

    def populate_schema(
        self,
        data_sample: Any = None,
        X_sample: Any = None,  # noqa: N803
        y_sample: Any = None,
        max_col_num: int = DATA_SCHEMA_MAX_COL_NUM,
        **kwargs: Any,
    ) -> None:
        """Make the schemas from samples and write them into the artifact."""
        from ads.model.description import populate_schema
        from ads.model.options import refuse_unknown

        refuse_unknown("populate_schema", kwargs, [])
        populate_schema(self, data_sample if X_sample is None else X_sample, y_sample, max_col_num)
