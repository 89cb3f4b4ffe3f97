"""How far a model has come: one row per milestone, kept without asking anybody."""

from __future__ import annotations

from enum import Enum

from ads.errors import InputError

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    import pandas as pd

    from ads.model.generic_model import GenericModel

__all__ = [
    "DEPLOY_STATUS_DETAIL",
    "DEPLOY_STATUS_NAME",
    "INITIATE_STATUS_DETAIL",
    "INITIATE_STATUS_NAME",
    "PREDICT_STATUS_CALL_ENDPOINT_DETAIL",
    "PREDICT_STATUS_NAME",
    "PREPARE_STATUS_GEN_RUNTIME_DETAIL",
    "PREPARE_STATUS_GEN_SCORE_DETAIL",
    "PREPARE_STATUS_NAME",
    "PREPARE_STATUS_POPULATE_METADATA_DETAIL",
    "PREPARE_STATUS_SERIALIZE_MODEL_DETAIL",
    "SAVE_STATUS_INTROSPECT_TEST_DETAIL",
    "SAVE_STATUS_NAME",
    "SAVE_STATUS_UPLOAD_ARTIFACT_DETAIL",
    "VERIFY_STATUS_LOCAL_TEST_DETAIL",
    "VERIFY_STATUS_NAME",
    "ModelState",
    "SummaryStatus",
]

INITIATE_STATUS_NAME = "initiate"
PREPARE_STATUS_NAME = "prepare()"
VERIFY_STATUS_NAME = "verify()"
SAVE_STATUS_NAME = "save()"
DEPLOY_STATUS_NAME = "deploy()"
PREDICT_STATUS_NAME = "predict()"

INITIATE_STATUS_DETAIL = "Initiated the model"
PREPARE_STATUS_GEN_RUNTIME_DETAIL = "Generated runtime.yaml"
PREPARE_STATUS_GEN_SCORE_DETAIL = "Generated score.py"
PREPARE_STATUS_SERIALIZE_MODEL_DETAIL = "Serialized model"
PREPARE_STATUS_POPULATE_METADATA_DETAIL = "Populated metadata(Custom, Taxonomy and Provenance)"
VERIFY_STATUS_LOCAL_TEST_DETAIL = "Local tested .predict from score.py"
SAVE_STATUS_INTROSPECT_TEST_DETAIL = "Conducted Introspect Test"
SAVE_STATUS_UPLOAD_ARTIFACT_DETAIL = "Uploaded artifact to model catalog"
DEPLOY_STATUS_DETAIL = "Deployed the model"
PREDICT_STATUS_CALL_ENDPOINT_DETAIL = "Called deployment predict endpoint"

PREPARE_DETAILS = (
    PREPARE_STATUS_GEN_RUNTIME_DETAIL,
    PREPARE_STATUS_GEN_SCORE_DETAIL,
    PREPARE_STATUS_SERIALIZE_MODEL_DETAIL,
    PREPARE_STATUS_POPULATE_METADATA_DETAIL,
)
SAVE_DETAILS = (SAVE_STATUS_INTROSPECT_TEST_DETAIL, SAVE_STATUS_UPLOAD_ARTIFACT_DETAIL)


class ModelState(Enum):
    """The words of the column ``Status``."""

    DONE = "Done"
    AVAILABLE = "Available"
    NOTAVAILABLE = "Not Available"
    NEEDSACTION = "Needs Action"
    NOTAPPLICABLE = "Not Applicable"


class _Row:
    """One milestone. A plain class: dataclasses would double the time of importing the models."""

    __slots__ = ("action", "detail", "status", "step")

    def __init__(self, step: str, detail: str, status: str) -> None:
        self.step = step
        self.detail = detail
        self.status = status
        self.action = ""


def _start() -> list[_Row]:
    return [
        _Row(INITIATE_STATUS_NAME, INITIATE_STATUS_DETAIL, ModelState.DONE.value),
        *(_Row(PREPARE_STATUS_NAME, detail, ModelState.AVAILABLE.value) for detail in PREPARE_DETAILS),
        _Row(VERIFY_STATUS_NAME, VERIFY_STATUS_LOCAL_TEST_DETAIL, ModelState.NOTAVAILABLE.value),
        *(_Row(SAVE_STATUS_NAME, detail, ModelState.NOTAVAILABLE.value) for detail in SAVE_DETAILS),
        _Row(DEPLOY_STATUS_NAME, DEPLOY_STATUS_DETAIL, ModelState.NOTAVAILABLE.value),
        _Row(PREDICT_STATUS_NAME, PREDICT_STATUS_CALL_ENDPOINT_DETAIL, ModelState.NOTAVAILABLE.value),
    ]


class SummaryStatus:
    """The ten milestones of a model, each with a status and what to do next."""

    def __init__(self) -> None:
        self._rows = {row.detail: row for row in _start()}

    def update_status(self, detail: str, status: str) -> None:
        """Set the status of the row ``detail``; raises ``ValueError`` for a row that there is not."""
        self._row(detail).status = str(status)

    def update_action(self, detail: str, action: str) -> None:
        """Set what to do next about the row ``detail``; raises ``ValueError`` for a row that there is not."""
        self._row(detail).action = action

    def set(self, state: ModelState, *details: str) -> None:
        """Set several rows to one status, with nothing left to do about them."""
        for detail in details:
            row = self._row(detail)
            row.status, row.action = state.value, ""

    def status_of(self, detail: str) -> str:
        """Return the status of the row ``detail``."""
        return self._row(detail).status

    def to_dataframe(self) -> pd.DataFrame:
        """Return the table that ``summary_status()`` shows: index Step, Status, Details; column Actions Needed."""
        import pandas as pd

        rows = list(self._rows.values())
        index = pd.MultiIndex.from_tuples(
            [(row.step, row.status, row.detail) for row in rows], names=["Step", "Status", "Details"]
        )
        return pd.DataFrame({"Actions Needed": [row.action for row in rows]}, index=index)

    def _row(self, detail: str) -> _Row:
        if detail not in self._rows:
            raise InputError(f"The summary has no row {detail!r}.", hint=f"Rows: {'; '.join(self._rows)}.")
        return self._rows[detail]


def description_of(model: GenericModel) -> str:
    """Return what ``print(model)`` shows: YAML of algorithm, files, framework and OCIDs."""
    import yaml

    artifact = model.model_artifact
    listing = {artifact.artifact_dir: [artifact.files()]} if artifact else None
    return yaml.safe_dump(
        {
            "algorithm": model.algorithm,
            "artifact_dir": listing,
            "framework": model.framework,
            "model_deployment_id": model.model_deployment_id,
            "model_id": model.model_id,
        },
        allow_unicode=True,
        default_flow_style=False,
        width=4096,
    )
