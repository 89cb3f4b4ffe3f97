"""Names complete themselves in the shell."""

from __future__ import annotations


def completed(ads_process, words: str) -> list[str]:
    result = ads_process(_ADS_COMPLETE="bash_complete", COMP_LINE=words, COMP_WORDBREAKS="")
    assert result.err == ""
    return [line.split(",")[1] for line in result.out.splitlines() if line]


def test_names_complete(ads_process, service):
    service.models.append(dict(service.models[0], id="m2", displayName="fraud"))
    service.models.append(dict(service.models[0], id="m3", displayName="chosen", lifecycleState="DELETED"))
    assert completed(ads_process, "ads models info ch") == ["churn"]
    assert completed(ads_process, "ads models info ") == ["churn", "fraud"]
    assert completed(ads_process, "ads predict ") == ["churn-api"]


def test_commands_complete(ads_process):
    assert completed(ads_process, "ads deployments st") == ["stop", "start"]
    assert "--format" in completed(ads_process, "ads models ls --f")


def test_nothing_runs_completes_nothing(ads_process, home):
    assert completed(ads_process, "ads models info ") == []
    assert not home.root.exists()


def test_versions_and_aliases_complete_after_the_name(ads_process, service):
    service.models[0].update(modelVersionSetName="churn", versionId="3")
    service.version_sets.append({"id": "set1", "name": "churn", "lifecycleState": "ACTIVE"})
    service.aliases.append({"setId": "set1", "name": "champion"})
    assert completed(ads_process, "ads models info churn@c") == ["churn@champion"]
    assert completed(ads_process, "ads deploy churn:") == ["churn:3"]
    assert completed(ads_process, "ads version-sets info c") == ["churn"]
