"""Signatures of artifacts: made offline with a key, refused for any other key and after any change."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ads.artifact.archive import extract_zip, write_zip
from ads.artifact.model_signature import is_signed, sign, trusted_keys_in, verify
from ads.errors import ArtifactError, InputError, SignatureMissing, SignatureWrong
from tests.signing_keys import key_pair

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    folder = tmp_path / "artifact"
    (folder / "weights").mkdir(parents=True)
    (folder / "score.py").write_text("def load_model(): return 1\n")
    (folder / "runtime.yaml").write_text("MODEL_ARTIFACT_VERSION: '3.0'\n")
    (folder / "weights" / "model.bin").write_bytes(bytes(range(256)) * 50)
    (folder / ".model-ignore").write_text("*.log\n")
    (folder / "train.log").write_text("not packed")
    return folder


def test_signature_survives_packing_and_unpacking(artifact: Path, tmp_path: Path) -> None:
    private, public = key_pair(tmp_path)
    sign(artifact, private)

    write_zip(artifact, tmp_path / "artifact.zip")
    extract_zip(tmp_path / "artifact.zip", tmp_path / "copy")

    assert is_signed(tmp_path / "copy")
    assert not (tmp_path / "copy" / "train.log").exists()
    assert verify(tmp_path / "copy", [public]) == public


def test_files_that_are_not_packed_may_change(artifact: Path, tmp_path: Path) -> None:
    private, public = key_pair(tmp_path)
    sign(artifact, private)

    (artifact / "train.log").write_text("more")

    assert verify(artifact, [public]) == public


@pytest.mark.parametrize("change", ["changed", "added", "removed"])
def test_any_change_to_a_packed_file_is_found(artifact: Path, tmp_path: Path, change: str) -> None:
    private, public = key_pair(tmp_path)
    sign(artifact, private)

    if change == "changed":
        (artifact / "weights" / "model.bin").write_bytes(b"other")
    elif change == "added":
        (artifact / "extra.py").write_text("import os\n")
    else:
        (artifact / "weights" / "model.bin").unlink()

    with pytest.raises(SignatureWrong):
        verify(artifact, [public])


def test_signature_of_another_key_is_refused_and_one_of_several_keys_is_enough(artifact: Path, tmp_path: Path) -> None:
    private, public = key_pair(tmp_path)
    _, stranger = key_pair(tmp_path, "stranger")
    sign(artifact, private)

    with pytest.raises(SignatureWrong, match="not that of a trusted key"):
        verify(artifact, [stranger])
    assert verify(artifact, [stranger, public]) == public


def test_artifact_without_signature(artifact: Path, tmp_path: Path) -> None:
    _, public = key_pair(tmp_path)

    with pytest.raises(SignatureMissing):
        verify(artifact, [public])


def test_forged_signature_file_is_wrong(artifact: Path, tmp_path: Path) -> None:
    _, public = key_pair(tmp_path)
    (artifact / "model.sig").write_text('{"mediaType": 1, "dsseEnvelope": []}')

    with pytest.raises(SignatureWrong):
        verify(artifact, [public])


def test_keys_that_cannot_sign_are_refused_before_anything_is_written(artifact: Path, tmp_path: Path) -> None:
    weak = tmp_path / "rsa.key"
    weak.write_bytes(
        rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )

    with pytest.raises(InputError):
        sign(artifact, weak)
    with pytest.raises(InputError, match="no key at"):
        sign(artifact, tmp_path / "none.key")
    assert not is_signed(artifact)


def test_trusted_keys_are_a_file_or_a_folder_of_them(tmp_path: Path) -> None:
    _, first = key_pair(tmp_path, "a")
    _, second = key_pair(tmp_path, "b")

    assert trusted_keys_in(tmp_path) == [first, second]
    assert trusted_keys_in(first) == [first]
    with pytest.raises(ArtifactError, match="no public key"):
        trusted_keys_in(tmp_path / "missing.pem")
