"""A user's session with oracle-ads where buckets, version sets, files, references and logs take part."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path


def run(order: dict) -> dict:
    """Do the steps of oci-wire 5.1 and 5.2 that the plain session leaves out; return the facts of each."""
    from original import iris, linear, work_offline
    from service_session import Session

    import ads
    from ads.model import DataScienceModel, GenericModel, ModelVersionSet, SklearnModel, experiment

    session = Session()
    ads.set_auth(
        "api_key",
        oci_config_location=order["configuration"],
        profile=order["profile"],
        client_kwargs={"service_endpoint": order["base"]},
    )
    place = {"compartment_id": order["compartment"], "project_id": order["project"]}
    bucket, folder = order["bucket"], order["folder"]
    X, y = iris()
    expected = linear().fit(X, y).predict(X.head(5)).tolist()

    def prepared(name: str, **named: object) -> SklearnModel:
        model = SklearnModel(linear().fit(X, y), artifact_dir=f"{folder}-{name}", properties=dict(place))
        model.prepare(X_sample=X, y_sample=y, force_overwrite=True, **(named or {"ignore_conda_error": True}))
        model.metadata_custom.add(key="team", value="x", description="of the test", category="Other")
        return model

    with session.step("prepare(slug) from the index of packs"):
        model = prepared("slug", inference_conda_env=order["slug"], training_conda_env=order["slug"])
        session.equal("slug", model.runtime_info.model_deployment.inference_conda_env.inference_env_slug, order["slug"])
    work_offline()  # from here on as in the other sessions
    with session.step("save(bucket_uri)"):
        model = prepared("one")
        model_id = model.save(
            bucket_uri=f"oci://{bucket}/models/", display_name="by bucket", ignore_introspection=True, **place
        )
        session.equal("verify", model.verify(X.head(5))["prediction"], expected)
    with session.step("save(remove_existing_artifact=False)"):
        kept = prepared("kept")
        kept_id = kept.save(
            bucket_uri=f"oci://{bucket}/kept/",
            remove_existing_artifact=False,
            overwrite_existing_artifact=False,
            ignore_introspection=True,
            **place,
        )
    with session.step("from_model_artifact(oci://….zip)"):
        again = SklearnModel.from_model_artifact(
            f"oci://{bucket}/kept/{kept_id}.zip",
            model_file_name=kept.model_file_name,
            artifact_dir=f"{folder}-zip",
            force_overwrite=True,
            ignore_conda_error=True,
        )
        session.equal("verify", again.verify(X.head(5))["prediction"], expected)
    with session.step("from_model_catalog(bucket_uri)"):
        again = SklearnModel.from_model_catalog(
            model_id,
            artifact_dir=f"{folder}-back",
            bucket_uri=f"oci://{bucket}/back/",
            ignore_conda_error=True,
            force_overwrite=True,
        )
        session.equal("verify", again.verify(X.head(5))["prediction"], expected)
    with session.step("upload_artifact(oci://)"):
        kept.upload_artifact(f"oci://{bucket}/uploaded/artifact.zip")
        again = GenericModel.from_model_artifact(
            f"oci://{bucket}/uploaded/artifact.zip",
            artifact_dir=f"{folder}-uploaded",
            force_overwrite=True,
            ignore_conda_error=True,
        )
        session.equal("verify", again.verify(X.head(5).to_numpy().tolist())["prediction"], expected)
        try:
            kept.upload_artifact(f"oci://{bucket}/uploaded/artifact.zip")
            session.equal("an existing object", "replaced", "refused")
        except RuntimeError as error:
            session.equal("an existing object", "exists" in str(error), True)
    _sets(session, place, model_id, kept_id, ModelVersionSet, DataScienceModel, experiment)
    _files(session, model_id, folder, DataScienceModel)
    _references(session, order, place, DataScienceModel)
    _logs(session, kept, X, expected, place)
    _older(session, order, model_id)
    with session.step("delete"):
        for gone in (model_id, kept_id):
            entry = DataScienceModel.from_id(gone)
            entry.delete()
            session.equal("state", str(entry.status), "DELETED")
    return {"steps": session.steps}


def _sets(session, place, model_id, kept_id, ModelVersionSet, DataScienceModel, experiment) -> None:
    with session.step("ModelVersionSet"):
        made = ModelVersionSet(name="theirs", description="first", **place).create()
        session.equal("state", made.status, "ACTIVE")
        found = ModelVersionSet.from_name("theirs", compartment_id=place["compartment_id"])
        session.equal("from_name", found.id, made.id)
        made.with_description("second").update()
        session.equal("description", ModelVersionSet.from_id(made.id).description, "second")
        made.model_add(model_id, version_label="one")
        made.model_add(kept_id, version_label="two")
        session.equal("models", {model.id for model in made.models()}, {model_id, kept_id})
        session.equal("label", DataScienceModel.from_id(kept_id).version_label, "two")
        listed = [item.id for item in ModelVersionSet.list(compartment_id=place["compartment_id"])]
        session.equal("list", made.id in listed, True)
    with session.step("experiment"), experiment("theirs too", **place) as mine:
        session.equal("name", mine.name, "theirs too")
    with session.step("ModelVersionSet.delete"):
        mine = ModelVersionSet.from_name("theirs too", compartment_id=place["compartment_id"])
        mine.delete(delete_model=True)
        session.equal("state", ModelVersionSet.from_id(mine.id).status, "DELETED")


def _files(session, model_id, folder, DataScienceModel) -> None:
    with session.step("files at metadata keys"):
        entry = DataScienceModel.from_id(model_id)
        note = Path(f"{folder}-note.txt")
        note.write_text("a note")
        target = Path(f"{folder}-files")
        target.mkdir()
        entry.create_custom_metadata_artifact("team", str(note))
        session.equal("exists", entry.if_model_custom_metadata_artifact_exist("team"), True)
        session.equal("content", entry.get_custom_metadata_artifact("team", str(target)), b"a note")
        note.write_text("another")
        entry.update_custom_metadata_artifact("team", str(note))
        session.equal("updated", entry.get_custom_metadata_artifact("team", str(target), override=True), b"another")
        entry.delete_custom_metadata_artifact("team")
        session.equal("gone", entry.if_model_custom_metadata_artifact_exist("team"), False)
        entry.create_defined_metadata_artifact("Algorithm", str(note))
        session.equal("defined", entry.get_defined_metadata_artifact("Algorithm", str(target)), b"another")


def _references(session, order, place, DataScienceModel) -> None:
    with session.step("create(model_by_reference=True)"):
        entry = (
            DataScienceModel(display_name="by reference", **place)
            .with_artifact(f"oci://{order['versioned']}/ref/")
            .create(model_by_reference=True)
        )
        session.equal("marked", entry.custom_metadata_list["modelDescription"].value, True)
    with session.step("download by reference"):
        DataScienceModel.from_id(entry.id).download_artifact(f"{order['folder']}-ref")
        found = [path.name for path in Path(f"{order['folder']}-ref").rglob("*") if path.is_file()]
        session.equal("files", sorted(found), ["runtime.yaml", "score.py"])


def _logs(session, model, X, expected, place) -> None:
    from ads.common.oci_logging import OCILog, OCILogGroup
    from ads.model.service.oci_datascience_model_deployment import OCIDataScienceModelDeployment

    with session.step("log groups and logs"):
        group = OCILogGroup(display_name="theirs", compartment_id=place["compartment_id"]).create()
        access, predict = group.create_log("access"), group.create_log("predict")
        session.equal("from_ocid", OCILog.from_ocid(access.id).display_name, "access")
    with session.step("deploy with logs, show_logs"):
        deployment = model.deploy(
            display_name="logged",
            poll_interval=1,
            deployment_log_group_id=group.id,
            deployment_access_log_id=access.id,
            deployment_predict_log_id=predict.id,
            **place,
        )
        session.equal("prediction", model.predict(X.head(5)), {"prediction": expected})
        count, deadline = 0, time.monotonic() + 20
        while not count and time.monotonic() < deadline:
            count = len(deployment.show_logs(log_type="access", limit=10))
        session.equal("records", count, 1)
        model.delete_deployment(wait_for_completion=True)
    with session.step("shapes"):
        names = [shape.name for shape in OCIDataScienceModelDeployment.shapes(place["compartment_id"])]
        session.equal("a shape", "VM.Standard.E4.Flex" in names, True)
    with session.step("prepare_save_deploy"):
        from original import linear

        from ads.model import SklearnModel

        folder = f"{model.artifact_dir}-psd"
        one = SklearnModel(linear().fit(X, expected_labels(X)), artifact_dir=folder, properties=dict(place))
        one.prepare_save_deploy(
            X_sample=X,
            ignore_conda_error=True,
            ignore_introspection=True,
            force_overwrite=True,
            wait_for_completion=False,
            **place,
        )
        session.equal("deployed", bool(one.model_deployment.model_deployment_id), True)


def expected_labels(X) -> list:
    """Return two classes for the rows."""
    return [index % 2 for index in range(len(X))]


def _older(session, order, model_id) -> None:
    os.environ["NB_SESSION_COMPARTMENT_OCID"] = order["compartment"]
    from ads.catalog.model import ModelCatalog
    from ads.catalog.project import ProjectCatalog

    with session.step("ModelCatalog"):
        catalog = ModelCatalog(compartment_id=order["compartment"])
        session.equal("id", catalog.get_model(model_id).id, model_id)
        session.equal("listed", model_id in [model.id for model in catalog.list_models()], True)
    with session.step("ProjectCatalog"):
        catalog = ProjectCatalog(compartment_id=order["compartment"])
        listed = [project.id for project in catalog.list_projects()]
        session.equal("listed", order["project"] in listed, True)


def files(order: dict) -> dict:
    """Use ocifs alone, as fsspec does; return what was found."""
    from ocifs import OCIFileSystem

    store = OCIFileSystem(
        config=order["configuration"], profile=order["profile"], config_kwargs={"service_endpoint": order["base"]}
    )
    base, content = order["bucket"], os.urandom(12 * 1024 * 1024)
    with store.open(f"{base}/dir/big.bin", "wb") as file:
        file.write(content)
    store.pipe_file(f"{base}/dir/small ü.txt", b"small")
    with store.open(f"{base}/dir/big.bin", "rb") as file:
        file.seek(5_000_000)
        part = file.read(100)
    store.copy(f"{base}/dir/small ü.txt", f"{base}/dir/copy.txt")
    found = {
        "whole": store.cat_file(f"{base}/dir/big.bin") == content,
        "part": part == content[5_000_000:5_000_100],
        "small": store.cat_file(f"{base}/dir/small ü.txt").decode(),
        "copy": store.cat_file(f"{base}/dir/copy.txt").decode(),
        "listed": sorted(name.rpartition("/")[2] for name in store.ls(f"{base}/dir", detail=False)),
        "size": store.info(f"{base}/dir/big.bin")["size"],
        "checksum": isinstance(store.checksum(f"{base}/dir/big.bin"), int),
        "exists": [store.exists(f"{base}/dir/big.bin"), store.exists(f"{base}/dir/nothing")],
    }
    store.rm(f"{base}/dir/big.bin")
    store.invalidate_cache()
    found["after removal"] = store.exists(f"{base}/dir/big.bin")
    return json.loads(json.dumps(found))
