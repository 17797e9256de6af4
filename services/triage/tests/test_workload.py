import pytest
from pydantic import ValidationError

from slipway.workload import Context, PrivacyClass
from slipway.workload.privacy import privacy_classes, subject_of
from triage.errors import ModelError
from triage.workload import Message, Triage


@pytest.fixture(scope="session")
def triage(models_dir):
    workload = Triage(Context(models_dir, "triage"))
    workload.load()
    return workload


def test_each_message_is_answered_in_order(triage):
    texts = ["I forgot my password and cannot log in to my account", "asdf qwer zxcv", "Where is my parcel?"]
    alone = [triage.predict([Message(text=text)])[0] for text in texts]
    together = triage.predict([Message(text=text) for text in texts])
    assert [answer.category for answer in together] == [answer.category for answer in alone]
    assert together[0].category == "account_access"
    assert together[2].category == "delivery"
    assert together[1].needs_human
    assert {answer.priority for answer in together} <= {"low", "normal", "high"}
    assert {answer.model_version for answer in together} == {triage.version}


def test_it_tells_of_each_answer_what_the_metrics_count(triage):
    for answer in triage.predict([Message(text="asdf qwer zxcv"), Message(text="Where is my parcel?")]):
        observation = triage.observe(answer)
        assert (observation.label, observation.score) == (answer.category, answer.confidence)
        assert observation.deferred is answer.needs_human


def test_the_version_names_model_and_precision(triage, built):
    assert triage.version == f"{built.model.reference}+int8"


@pytest.mark.parametrize("text", ["x", "word " * 4_000, "汉" * 20_000, "\ud7ff\U0010ffff", "[SEP][CLS]", "\u200b."])
def test_any_valid_text_is_answered(triage, text):
    (answer,) = triage.predict([Message(text=text)])
    assert 0 <= answer.confidence <= 1


def test_a_full_batch_is_answered(triage):
    assert len(triage.predict([Message(text="word " * 300)] * triage.max_batch)) == triage.max_batch


def test_cost_grows_with_length_and_ends_with_what_is_read(triage):
    costs = [triage.cost(Message(text="x" * length)) for length in (1, 30, 300, 20_000)]
    assert costs == sorted(costs)
    assert costs[0] >= 1
    assert costs[-1] == 256


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": ""},
        {"text": "a\0"},
        {"text": "a", "region": "x" * 41},
        {"text": "a", "plan": "\0"},
        {"text": "a", "x": 1},
    ],
)
def test_what_is_not_valid_is_refused(wrong):
    with pytest.raises(ValidationError):
        Message.model_validate(wrong)


def test_personal_fields_are_declared():
    classes = privacy_classes(Message)
    assert classes["text"] is PrivacyClass.CONTENT
    assert classes["subject"] is PrivacyClass.IDENTIFIER
    assert subject_of(Message(text="a", subject="customer-4711")) == "customer-4711"


def test_the_examples_are_valid():
    for example in Message.model_json_schema()["examples"]:
        Message.model_validate(example)


def test_a_missing_model_says_how_to_get_one(tmp_path):
    with pytest.raises(ModelError, match="make model"):
        Triage(Context(tmp_path, "triage")).load()
