"""A user's session with the SDK of oracle-ads against a service: each step and what came of it."""

from __future__ import annotations

import contextlib
import time


def run(order: dict) -> dict:
    """Do every step of oci-wire 5.1 that needs no object storage; return the facts, and the seconds of each step."""
    from original import iris, linear

    import ads
    from ads.model import DataScienceModel, GenericModel, ModelDeployment, SklearnModel

    session = Session()
    ads.set_auth(
        "api_key",
        oci_config_location=order["configuration"],
        profile=order["profile"],
        client_kwargs={"service_endpoint": order["base"]},
    )
    place = {"compartment_id": order["compartment"], "project_id": order["project"]}
    X, y = iris()
    expected = linear().fit(X, y).predict(X.head(5)).tolist()
    model = SklearnModel(linear().fit(X, y), artifact_dir=order["folder"], properties=dict(place))
    with session.step("prepare"):
        model.prepare(ignore_conda_error=True, X_sample=X, y_sample=y, force_overwrite=True)
        # Without a custom item their own download fails on None.
        model.metadata_custom.add(key="team", value="x", description="of the test", category="Other")
        session.equal("verify", model.verify(X.head(5))["prediction"], expected)
    with session.step("save"):
        model_id = model.save(
            display_name="their name",
            description="from the other side",
            freeform_tags={"team": "x"},
            ignore_introspection=True,
            **place,
        )
    with session.step("DataScienceModel.from_id"):
        entry = DataScienceModel.from_id(model_id)
        session.equal("name", entry.display_name, "their name")
        session.equal("tags", entry.freeform_tags, {"team": "x"})
        session.equal("state", str(entry.status), "ACTIVE")
        session.equal("algorithm", entry.defined_metadata_list["Algorithm"].value, "LogisticRegression")
        session.equal("schema", [item["name"] for item in entry.input_schema.to_dict()["schema"]], list("abcd"))
    with session.step("DataScienceModel.list"):
        found = DataScienceModel.list(**place)
        session.equal("listed", model_id in [item.id for item in found], True)
        table = DataScienceModel.list_df(**place)
        session.equal("table", model_id[-6:] in "".join(table["id"]), True)
    with session.step("from_model_catalog"):
        again = SklearnModel.from_model_catalog(
            model_id, artifact_dir=order["folder"] + "-copy", ignore_conda_error=True, reload=True
        )
        session.equal("verify of the copy", again.verify(X.head(5))["prediction"], expected)
    with session.step("from_model_catalog, metadata only"):
        bare = GenericModel.from_model_catalog(model_id, download_artifact=False, ignore_conda_error=True)
        session.equal("id", bare.model_id, model_id)
    with session.step("update"):
        model.update(display_name="their new name", description="changed", freeform_tags={"team": "y"})
        session.equal("new name", DataScienceModel.from_id(model_id).display_name, "their new name")
    with session.step("deploy"):
        deployment = model.deploy(
            display_name="their deployment", poll_interval=1, environment_variables={"KEY": "value"}, **place
        )
        session.equal("deployment state", str(deployment.lifecycle_state), "ACTIVE")
    with session.step("predict"):
        session.equal("prediction", model.predict(X.head(5)), {"prediction": expected})
        rows = X.head(5).to_numpy().tolist()
        session.equal("rows", model.predict(rows, auto_serialize_data=False), {"prediction": expected})
        direct = ModelDeployment.from_id(deployment.model_deployment_id).predict(data=rows)
        session.equal("ModelDeployment.predict", direct, {"prediction": expected})
    with session.step("summary_status"):
        table = model.summary_status().reset_index().set_index("Details")["Status"]
        session.equal("deploy row", table["Deployed the model"], "ACTIVE")
    with session.step("ModelDeployment.list"):
        found = ModelDeployment.list(**place)
        session.equal(
            "deployments", deployment.model_deployment_id in [item.model_deployment_id for item in found], True
        )
    with session.step("update_deployment"):
        model.update_deployment(display_name="renamed", description="words", poll_interval=1)
        fresh = ModelDeployment.from_id(deployment.model_deployment_id)
        session.equal("renamed", (fresh.display_name, fresh.description), ("renamed", "words"))
    with session.step("from_model_deployment"):
        served = SklearnModel.from_model_deployment(
            deployment.model_deployment_id,
            artifact_dir=order["folder"] + "-served",
            ignore_conda_error=True,
            reload=True,
        )
        session.equal("prediction of the loaded", served.predict(X.head(5)), {"prediction": expected})
    with session.step("restart_deployment"):
        model.restart_deployment(poll_interval=1)
        session.equal("after restart", model.predict(X.head(5)), {"prediction": expected})
    with session.step("delete with an active deployment"):
        try:
            model.delete()
            session.equal("refused", "no", "ModelWithActiveDeploymentError")
        except Exception as error:
            session.equal("refused", type(error).__name__, "ModelWithActiveDeploymentError")
    with session.step("delete_deployment"):
        model.delete_deployment()
        gone = ModelDeployment.from_id(deployment.model_deployment_id)
        session.equal("deleted deployment", str(gone.lifecycle_state), "DELETED")
    with session.step("delete"):
        model.delete()
        session.equal("deleted", str(DataScienceModel.from_id(model_id).status), "DELETED")
    with session.step("save and delete with deployments"):
        other = model.save(display_name="again", ignore_introspection=True, **place)
        model.deploy(display_name="again", wait_for_completion=True, poll_interval=1, **place)
        model.delete(delete_associated_model_deployment=True)
        session.equal("both gone", str(DataScienceModel.from_id(other).status), "DELETED")
    return {"steps": session.steps}


class Session:
    """What was done: the name of each step, whether it went well, and what was found otherwise."""

    def __init__(self) -> None:
        self.steps: list = []
        self._problems: list = []

    def equal(self, what: str, found: object, expected: object) -> None:
        """Take note when ``found`` is something else."""
        if found != expected:
            self._problems.append(f"{what}: {found!r}, expected {expected!r}")

    @contextlib.contextmanager
    def step(self, name: str):
        """Keep the errors of a step, so that the steps after it run all the same."""
        begun, self._problems = time.monotonic(), []
        try:
            yield
        except Exception as error:
            self._problems.append(f"{type(error).__name__}: {error}")
        self.steps.append([name, self._problems, round(time.monotonic() - begun, 1)])
