"""A service that trusts one signer deploys what that signer signed, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from ads.errors import DeploymentFailed
from ads.model.framework.sklearn_model import SklearnModel
from tests.own_service import OwnService
from tests.signing_keys import key_pair

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_only_signed_models_are_deployed(own_service: OwnService, tmp_path: Path) -> None:
    private, public = key_pair(tmp_path)
    own_service.use(trusted_keys=str(public))
    rows, target = load_iris(return_X_y=True, as_frame=True)
    model = SklearnModel(LogisticRegression(max_iter=500).fit(rows, target), artifact_dir=str(tmp_path / "iris"))
    model.prepare(X_sample=rows, y_sample=target)

    model.save(display_name="unsigned")
    with pytest.raises(DeploymentFailed, match="carries no signature"):
        model.deploy(display_name="unsigned")

    model.save(display_name="signed", signing_key=private)
    model.deploy(display_name="signed")

    assert model.predict(rows[:3])["prediction"] == [0, 0, 0]

    score = tmp_path / "iris" / "score.py"
    score.write_text(score.read_text() + "\n# an afterthought\n")
    model.save(display_name="changed")
    with pytest.raises(DeploymentFailed, match="not that of a trusted key for these files"):
        model.deploy(display_name="changed")
