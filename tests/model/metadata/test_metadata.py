"""Custom and taxonomy metadata: limits, errors, formats."""

import json

import pytest

from ads.errors import MetadataDescriptionTooLong, MetadataSizeTooLarge, MetadataValueTooLong
from ads.model.model_metadata import (
    Framework,
    MetadataCustomCategory,
    MetadataTaxonomyKeys,
    ModelCustomMetadata,
    ModelTaxonomyMetadata,
    UseCaseType,
)


def test_the_older_address_gives_the_same_objects():
    import ads.common.model_metadata as older

    assert older.UseCaseType is UseCaseType
    assert "UseCaseType" in older.__all__


def test_constants_are_plain_texts_and_membership_ignores_case():
    assert UseCaseType.BINARY_CLASSIFICATION == "binary_classification"
    assert "Binary_Classification" in UseCaseType
    assert "nonsense" not in UseCaseType
    assert "performance" in MetadataCustomCategory
    assert len(Framework.values()) == 28


def test_custom_entries_are_found_whatever_their_case_and_keep_their_order():
    metadata = ModelCustomMetadata()
    metadata.add("Zeta", 1)
    metadata.add("alpha", {"a": [1, 2]}, description="d", category="Performance")
    assert metadata.keys == ("Zeta", "alpha")
    assert metadata["ZETA"].value == 1
    assert "ALPHA" in metadata
    assert len(metadata) == 2
    assert metadata.get("none", None) is None
    with pytest.raises(ValueError, match="no metadata 'none'"):
        metadata.get("none")
    with pytest.raises(ValueError, match="no metadata"):
        metadata["none"]
    metadata.remove("zeta")
    assert metadata.keys == ("alpha",)
    metadata.clear()
    assert metadata.isempty()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"key": "", "value": 1}, ValueError),
        ({"key": "k", "value": ""}, ValueError),
        ({"key": "k", "value": None}, ValueError),
        ({"key": 1, "value": 1}, TypeError),
        ({"key": "k", "value": 1, "category": 5}, TypeError),
        ({"key": "k", "value": 1, "description": 5}, TypeError),
        ({"key": "k", "value": 1, "category": "no such"}, ValueError),
        ({"key": "k", "value": object()}, ValueError),
        ({"key": "k", "value": "x" * 16001}, MetadataValueTooLong),
        ({"key": "k", "value": 1, "description": "x" * 256}, MetadataDescriptionTooLong),
    ],
)
def test_custom_entries_that_are_refused(arguments, error):
    metadata = ModelCustomMetadata()
    with pytest.raises(error):
        metadata.add(**arguments)
    assert metadata.isempty()


def test_an_entry_is_found_by_its_new_key():
    metadata = ModelCustomMetadata()
    metadata.add("size", 3)
    metadata["SIZE"].key = "Rows"
    assert metadata.keys == ("Rows",)
    assert "size" not in metadata
    metadata.add("rows", 4, replace=True)
    assert [item.value for item in metadata] == [4]
    with pytest.raises(ValueError, match="empty"):
        metadata["rows"].key = ""


def test_an_existing_key_needs_replace():
    metadata = ModelCustomMetadata()
    metadata.add("k", 1)
    with pytest.raises(ValueError, match="already"):
        metadata.add("K", 2)
    metadata.add("K", 2, replace=True)
    assert metadata["k"].value == 2


def test_the_list_has_a_size_limit():
    metadata = ModelCustomMetadata()
    metadata.add("a", "x" * 16000)
    with pytest.raises(MetadataSizeTooLarge):
        metadata.validate_size()


def test_custom_formats(tmp_path):
    metadata = ModelCustomMetadata()
    metadata.add("b", [1], description="text", category="Other")
    metadata.set_training_data("oci://bucket/train.csv", data_size="10 MB")
    assert ModelCustomMetadata.from_dict(metadata.to_dict()) == metadata
    assert json.loads(metadata.to_json()) == metadata.to_dict()
    frame = metadata.to_dataframe()
    assert list(frame.columns) == ["Key", "Value", "Description", "Category", "HasArtifact"]
    assert list(frame["Key"]) == ["TrainingDataset", "TrainingDatasetSize", "b"]
    metadata.to_json_file(str(tmp_path))
    assert json.loads((tmp_path / "ModelCustomMetadata.json").read_text()) == metadata.to_dict()
    metadata["b"].to_json_file(str(tmp_path))
    assert (tmp_path / "b.json").read_text() == "[1]"
    with pytest.raises(ValueError, match="data"):
        ModelCustomMetadata.from_dict({"items": []})


def test_wire_keeps_texts_that_look_like_numbers_and_writes_nan_as_null():
    metadata = ModelCustomMetadata()
    metadata.add("n", 3)
    metadata.add("t", "1.10")
    metadata.add("word", "NaN is a word here")
    metadata.add("f", {"x": float("nan")})
    metadata.put("empty", None, "", "Other")
    wire = {entry["key"]: entry for entry in metadata.to_wire()}
    assert wire["empty"]["value"] == "NA"
    assert wire["empty"]["category"] == "Other"
    assert wire["f"]["value"] == '{"x":null}'
    back = ModelCustomMetadata.from_wire(wire.values())
    assert back["n"].value == 3
    assert back["t"].value == "1.10"
    assert back["word"].value == "NaN is a word here"


def test_taxonomy_has_its_six_keys_and_checks_them():
    metadata = ModelTaxonomyMetadata()
    assert metadata.keys == tuple(MetadataTaxonomyKeys.values())
    metadata["usecasetype"].update(value=UseCaseType.NER)
    assert metadata.validate()
    metadata["UseCaseType"].update("no such case")
    with pytest.raises(ValueError, match="no such case"):
        metadata.validate()
    metadata.reset()
    assert metadata["UseCaseType"].value is None
    assert list(metadata.to_dataframe().columns) == ["Key", "Value", "HasArtifact"]


def test_an_item_prints_as_yaml():
    metadata = ModelTaxonomyMetadata()
    metadata["ArtifactTestResults"].update({"runtime_env_path": {"success": True}})
    assert repr(metadata["ArtifactTestResults"]) == (
        "has_artifact: false\nkey: ArtifactTestResults\nvalue:\n  runtime_env_path:\n    success: true\n"
    )


def test_a_framework_version_stays_a_text_through_the_wire():
    metadata = ModelTaxonomyMetadata()
    metadata["FrameworkVersion"].update("1.10")
    metadata["Hyperparameters"].update({"C": "1.0"})
    back = ModelTaxonomyMetadata.from_wire(metadata.to_wire())
    assert back["FrameworkVersion"].value == "1.10"
    assert back["Hyperparameters"].value == {"C": "1.0"}
