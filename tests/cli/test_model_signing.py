"""``ads models sign`` and ``ads models verify-signature``; and the labels in ``ads models info``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ads.artifact.archive import write_zip
from tests.signing_keys import key_pair

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    folder = tmp_path / "churn"
    folder.mkdir()
    (folder / "score.py").write_text(
        "def load_model():\n    return 1\n\n\ndef predict(data, model=None):\n    return 1\n"
    )
    (folder / "runtime.yaml").write_text("MODEL_ARTIFACT_VERSION: '3.0'\n")
    (folder / "model.bin").write_bytes(b"model")
    return folder


def test_a_folder_is_signed_and_verified_until_it_changes(ads, artifact, tmp_path):
    private, public = map(str, key_pair(tmp_path))
    other = str(key_pair(tmp_path, "other")[1])
    missing = ads("models", "verify-signature", "churn/", "--public-key", public)
    assert (missing.code, missing.out) == (1, "")
    assert "carries no signature" in missing.err

    signed = ads("models", "sign", "churn", "--key", private)
    assert (signed.code, signed.out.strip()) == (0, str(Path("churn") / "model.sig"))
    assert "ads models create churn" in signed.err

    found = ads("models", "verify-signature", "churn/", "--public-key", other, "--public-key", public)
    assert (found.code, found.out.strip()) == (0, public)
    assert ads("models", "verify-signature", "churn/", "--public-key", other).code == 1

    write_zip(artifact, tmp_path / "churn.zip")
    packed = ads("models", "verify-signature", "churn.zip", "--public-key", public, "--format", "json")
    assert json.loads(packed.out) == {"artifact": "churn.zip", "signer": public}

    (artifact / "model.bin").write_bytes(b"Model")
    changed = ads("models", "verify-signature", "churn/", "--public-key", public)
    assert changed.code == 1
    assert "not that of a trusted key for these files" in changed.err


def test_what_can_not_be_signed_or_verified(ads, artifact, tmp_path):
    private, public = map(str, key_pair(tmp_path))
    assert "There is no artifact folder" in ads("models", "sign", "nowhere", "--key", private).err
    assert "There is no key" in ads("models", "sign", "churn", "--key", "none.key").err
    assert not (artifact / "model.sig").exists()
    assert "no public key" in ads("models", "verify-signature", "churn/", "--public-key", "none.pem").err
    assert "There is no artifact at" in ads("models", "verify-signature", "x.zip", "--public-key", public).err
    (artifact / "score.py").unlink()
    assert ads("models", "sign", "churn", "--key", private).code == 2


def test_a_registered_model_is_fetched_and_verified(command, running, tmp_path, artifact):
    private, public = map(str, key_pair(tmp_path))
    command("models", "sign", str(artifact), "--key", private)
    command("models", "create", str(artifact), "--name", "signed-churn", "--no-check")
    assert command("models", "verify-signature", "signed-churn", "--public-key", public).stdout.strip() == public
    shutil.rmtree(artifact)
    other = str(key_pair(tmp_path, "other")[1])
    assert "trusted key" in command("models", "verify-signature", "signed-churn", "--public-key", other, code=1).stderr


def test_info_shows_what_was_found_in_the_artifact(ads, service):
    path = f"/openads/v1/models/{service.models[0]['id']}/labels"
    label = {"name": "pickles", "verdict": "suspicious", "summary": "imports posix.system", "details": {}}
    service.answers["GET", path] = 200, {"items": [label]}
    assert "labels\tpickles suspicious: imports posix.system\n" in ads("models", "info", "churn").out
    del service.answers["GET", path]
    assert "labels" not in ads("models", "info", "churn").out
