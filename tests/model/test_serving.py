"""deploy(), predict() and the rest; the deployment's client is replaced."""

import json

import pytest

from ads.errors import DeploymentFailed, MissingModelDeploymentIdError
from ads.model.datascience_model import DataScienceModel
from ads.model.deployment import ModelDeployment
from ads.model.deployment.common.utils import State
from ads.model.framework.sklearn_model import SklearnModel

pytestmark = pytest.mark.usefixtures("no_service")

MODEL = "ocid1.datasciencemodel.oc1..one"
DEPLOYMENT = "ocid1.datasciencemodeldeployment.oc1..one"


@pytest.fixture
def calls(monkeypatch):
    """What reached the deployments' client: pairs of verb and arguments."""
    found = []

    def answer(verb, state):
        def act(self, *args, **kwargs):
            found.append((verb, self, kwargs))
            self.set_spec("id", DEPLOYMENT)
            self.set_spec("lifecycleState", state)
            return self

        return act

    for verb, state in (
        ("deploy", "ACTIVE"),
        ("update", "ACTIVE"),
        ("activate", "ACTIVE"),
        ("deactivate", "INACTIVE"),
        ("restart", "ACTIVE"),
        ("delete", "DELETED"),
    ):
        monkeypatch.setattr(ModelDeployment, verb, answer(verb, state))

    monkeypatch.setattr(ModelDeployment, "state", property(lambda self: State[self.lifecycle_state]))

    def predict(self, **kwargs):
        found.append(("predict", self, kwargs))
        return {"prediction": [0]}

    monkeypatch.setattr(ModelDeployment, "predict", predict)
    monkeypatch.setattr(ModelDeployment, "from_id", classmethod(lambda cls, ocid: cls(spec={"id": ocid})))
    return found


@pytest.fixture
def saved(iris, classifier, tmp_path):
    model = SklearnModel(classifier, artifact_dir=str(tmp_path / "a")).prepare(X_sample=iris[0])
    model.dsc_model = DataScienceModel(spec={"id": MODEL})
    return model


def test_before_save_and_before_deploy(classifier, calls):
    model = SklearnModel(classifier)
    with pytest.raises(ValueError, match="save"):
        model.deploy()
    with pytest.raises(ValueError, match="verify"):
        model.predict([[1, 2, 3, 4]])
    with pytest.raises(MissingModelDeploymentIdError):
        model.delete_deployment()
    with pytest.raises(MissingModelDeploymentIdError):
        model.restart_deployment()
    with pytest.raises(ValueError, match="model_deployment_id"):
        SklearnModel.update_deployment()


def test_deploy_describes_what_was_asked_for(saved, calls):
    deployment = saved.deploy(
        display_name="churn",
        deployment_instance_count=2,
        deployment_log_group_id="lg",
        deployment_access_log_id="al",
        environment_variables={"A": "1"},
        freeform_tags={"t": "v"},
        max_wait_time=60,
    )
    ((verb, _, arguments),) = calls
    assert verb == "deploy"
    assert arguments["max_wait_time"] == 60
    assert deployment is saved.model_deployment
    assert deployment.display_name == "churn"
    assert deployment.freeform_tags == {"t": "v"}
    assert deployment.runtime.model_uri == MODEL
    assert deployment.runtime.env["A"] == "1"
    assert deployment.infrastructure.replica == 2
    assert deployment.infrastructure.shape_name == "VM.Standard.E4.Flex"
    assert saved.model_deployment_id == DEPLOYMENT
    assert saved.summary.status_of("Deployed the model") == "ACTIVE"
    assert saved.properties.deployment_instance_count == 2


def test_a_log_without_its_group_and_an_unknown_keyword(saved, calls):
    with pytest.raises(ValueError, match="deployment_log_group_id"):
        saved.deploy(deployment_access_log_id="al")
    with pytest.raises(TypeError, match="poll_interval"):
        saved.deploy(poll_intervall=1)
    assert not calls


def test_a_failed_deployment_is_raised_and_shown(saved, monkeypatch):
    def fail(self, **kwargs):
        self.set_spec("id", DEPLOYMENT)
        self.set_spec("lifecycleState", "FAILED")
        if kwargs["raise_on_failure"]:
            raise DeploymentFailed("It failed.", cause="score.py")
        return self

    monkeypatch.setattr(ModelDeployment, "deploy", fail)
    with pytest.raises(DeploymentFailed):
        saved.deploy()
    assert saved.summary.status_of("Deployed the model") == "FAILED"
    assert saved.deploy(raise_on_failure=False).lifecycle_state == "FAILED"


def test_predict_is_one_call_with_the_envelope(saved, calls, iris):
    saved.deploy()
    calls.clear()
    assert saved.predict(iris[0].head(1), timeout=5) == {"prediction": [0]}
    ((verb, _, arguments),) = calls
    assert verb == "predict"
    assert arguments["content_type"] == "application/json"
    assert arguments["timeout"] == 5
    assert json.loads(arguments["data"])["data_type"] == "openads.frame"
    assert saved.summary.status_of("Called deployment predict endpoint") == "Done"
    saved.predict(b"raw")
    assert calls[-1][2]["content_type"] == "application/octet-stream"


def test_predict_here(saved, calls, iris):
    assert saved.predict(iris[0].head(1), local=True) == {"prediction": [0]}
    assert not calls


def test_update_restart_and_delete(saved, calls):
    saved.deploy()
    saved.update_deployment(description="new")
    assert calls[-1][2]["description"] == "new"
    saved.restart_deployment()
    assert calls[-1][0] == "restart"
    saved.delete_deployment()
    assert saved.summary.status_of("Deployed the model") == "DELETED"
    assert saved.summary_status() is not None


def test_update_on_the_class(calls):
    SklearnModel.update_deployment(DEPLOYMENT, properties={"description": "x"})
    assert calls[-1][1].id == DEPLOYMENT
    assert calls[-1][2]["properties"] == {"description": "x"}


def test_prepare_save_deploy_passes_everything_on(iris, classifier, tmp_path, calls, monkeypatch):
    created = []

    def create(self, **kwargs):
        created.append(self)
        return self.set_spec("id", MODEL)

    monkeypatch.setattr(DataScienceModel, "create", create)
    model = SklearnModel(classifier, artifact_dir=str(tmp_path / "a"))
    deployment = model.prepare_save_deploy(
        X_sample=iris[0],
        model_display_name="m",
        deployment_display_name="d",
        deployment_instance_count=3,
        sample_rows=1,
        poll_interval=2,
        environment_variables={"A": "1"},
    )
    assert created[0].display_name == "m"
    assert deployment.display_name == "d"
    assert deployment.infrastructure.replica == 3
    assert calls[0][2]["poll_interval"] == 2
    with pytest.raises(TypeError, match="no argument"):
        model.prepare_save_deploy(colour="red")
