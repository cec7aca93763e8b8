"""The card of a pipeline says what the model is, and claims nothing that is not known."""

import huggingface_hub
import pytest

from esc_gpu import Pipeline
from tests.helpers.trained_model import NAMES, RATE
from tests.helpers.trained_pipeline import TRAINING


def test_the_model_card_says_what_the_model_is(pipeline, tmp_path):
    pipeline.save_pretrained(tmp_path)
    card = huggingface_hub.ModelCard.load(tmp_path / "README.md")
    head = card.data.to_dict()
    assert head["license"] == "cc-by-3.0" and head["library_name"] == "esc_gpu"
    assert head["pipeline_tag"] == "audio-classification" and "logmel" in head["tags"]
    results = {result.metric_name: result for result in card.data.eval_results}
    assert {name: result.metric_value for name, result in results.items()} == {
        "accuracy": 0.875,
        "macro-F1": 0.8701,
        "top-3": 0.9875,
    }
    assert results["accuracy"].dataset_name == "ESC-50" and results["accuracy"].dataset_split == "fold 3"
    for part in ("a, b, c", f"{RATE} Hz, clips of 1 s", "n_mels: 16", "fold 3 of ESC-50", "87.50 %", "FOLDER"):
        assert part in card.text
    assert "CC BY 3.0" in card.text and "synthetic" not in card.text
    assert head["metrics"] == ["accuracy", "f1"] and head["model-index"][0]["name"] == "logmel-test_resnet"
    assert f"`(B, {RATE})`" in card.text and "```yaml\nname: logmel\n" in card.text
    assert 'from_pretrained("FOLDER")' in card.text and 'classify("recording.wav").top(3))' in card.text
    assert "The training started from" not in card.text


def test_the_model_card_says_of_a_validation_that_it_is_one_and_which_weights_these_are(pipeline):
    test = Pipeline(pipeline.model, NAMES, 1.0, TRAINING).generate_model_card()
    assert "trained on all other folds" in test.text and "those after the last step" in test.text
    training = {**TRAINING, "validation": True, "ema_decay": 0.99}
    validation = Pipeline(pipeline.model, NAMES, 1.0, training).generate_model_card()
    assert "except the next one, so that options can be chosen. This is not a test" in validation.text
    assert "all other folds" not in validation.text and "the average over about the last 100 steps" in validation.text
    assert {result.dataset_split for result in validation.data.eval_results} == {"fold 3 (validation)"}


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"start": {"name": "run"}}, "from the model run. All its weights were trained further.\n"),
        (
            {"start": {"name": "run", "recordings": "tones", "licence": "CC0"}, "freeze": "stages"},
            "from the model run, trained on tones under CC0. Its front-end and the first stages of its backbone were",
        ),
    ],
)
def test_the_model_card_says_what_the_training_started_from(pipeline, known, said):
    card = Pipeline(pipeline.model, NAMES, 1.0, TRAINING | known).generate_model_card()
    assert f"## Evaluation\n\nThe training started {said}" in card.text
    assert "the normalisation is that of the training folds." in card.text
    normalized = Pipeline(pipeline.model, NAMES, 1.0, TRAINING | {"start": {"name": "run", "normalization": True}})
    assert "is that of the model that the training started from." in normalized.generate_model_card().text


@pytest.mark.parametrize("validation", [False, True])
def test_the_model_card_says_of_a_split_which_it_is(pipeline, validation):
    training = {**TRAINING, "fold": "test", "validation": validation}
    training["metrics"] = {"clips": 80, "accuracy": 0.87500001, "macro_f1": 0.87006}
    card = Pipeline(pipeline.model, NAMES, 1.0, training).generate_model_card("sounds")
    assert "on the test split of ESC-50, with 80 recordings. It was trained on the train split" in card.text
    assert ("so that options can be chosen. This is not a test." in card.text) is validation
    assert "that of the training recordings." in card.text and "One fold is a small sample" not in card.text
    assert [result.metric_value for result in card.data.eval_results] == [0.875, 0.8701]
    assert {result.dataset_split for result in card.data.eval_results} == {"test"}
    assert card.data.model_name == "sounds"


def test_the_model_card_claims_nothing_that_is_not_known(pipeline):
    unknown = Pipeline(pipeline.model, NAMES, 1.0).generate_model_card("someone/sounds")
    assert not {"license", "model-index", "metrics"} & set(unknown.data.to_dict())
    assert "Not known." in unknown.text and "State it here" in unknown.text
    assert 'from_pretrained("someone/sounds")' in unknown.text and "--model hf-hub:someone/sounds" in unknown.text
    training = {**TRAINING, "recordings": "embedded synthetic", "synthetic": True, "licence": None}
    synthetic = Pipeline(pipeline.model, NAMES, 1.0, training).generate_model_card()
    assert (
        "Its results say nothing about real recordings" in synthetic.text and "license" not in synthetic.data.to_dict()
    )
    assert "only their makers hold rights in them" in synthetic.text


def test_a_licence_of_others_means_nothing_in_the_card(pipeline):
    training = {**TRAINING, "licence": "<script>alert(1)</script> https://evil.example"}
    card = Pipeline(pipeline.model, NAMES, 1.0, training).generate_model_card()
    assert "alert(1)" in card.text and "<script" not in card.text.replace(r"\<", "") and "https://evil" not in card.text
