import pytest

from triage.artifacts.store import check_name, find_model, list_models
from triage.errors import ModelError


def test_the_sample_is_found_by_name_and_by_version(models_dir, built):
    assert find_model(models_dir, "triage") == built.model
    assert find_model(models_dir, built.model.reference) == built.model
    assert built.model in list_models(models_dir)


def test_an_unknown_version_names_those_there_are(models_dir, built):
    with pytest.raises(ModelError, match=built.model.version):
        find_model(models_dir, "triage@1")


def test_a_missing_model_says_how_to_get_one(tmp_path):
    with pytest.raises(ModelError, match="make model"):
        find_model(tmp_path, "triage")


@pytest.mark.parametrize("name", ["", "encoder", "../triage", "Triage", "a" * 65, ".new", "a/b", "*"])
def test_names_that_cannot_be_folders_are_refused(name):
    with pytest.raises(ModelError, match="cannot name a model"):
        check_name(name)
