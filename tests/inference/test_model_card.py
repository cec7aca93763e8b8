"""The card of a pipeline says what the model is, and claims nothing that is not known."""

import huggingface_hub

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


def test_the_model_card_says_of_a_validation_that_it_is_one_and_which_weights_these_are(pipeline):
    test = Pipeline(pipeline.model, NAMES, 1.0, TRAINING).generate_model_card()
    assert "trained on all other folds" in test.text and "those after the last step" in test.text
    training = {**TRAINING, "validation": True, "ema_decay": 0.99}
    validation = Pipeline(pipeline.model, NAMES, 1.0, training).generate_model_card()
    assert "except the next one, so that options can be chosen. This is not a test" in validation.text
    assert "all other folds" not in validation.text and "the average over about the last 100 steps" in validation.text
    assert {result.dataset_split for result in validation.data.eval_results} == {"fold 3 (validation)"}


def test_the_model_card_claims_nothing_that_is_not_known(pipeline):
    unknown = Pipeline(pipeline.model, NAMES, 1.0).generate_model_card("someone/sounds")
    assert not {"license", "model-index", "metrics"} & set(unknown.data.to_dict())
    assert "Not known." in unknown.text and "State it here" in unknown.text
    assert 'from_pretrained("someone/sounds")' in unknown.text and "--model hf-hub:someone/sounds" in unknown.text
    training = {**TRAINING, "recordings": "embedded synthetic", "synthetic": True, "licence": None}
    synthetic = Pipeline(pipeline.model, NAMES, 1.0, training).generate_model_card()
    assert "says nothing about real recordings" in synthetic.text and "license" not in synthetic.data.to_dict()


def test_a_licence_of_others_means_nothing_in_the_card(pipeline):
    training = {**TRAINING, "licence": "<script>alert(1)</script> https://evil.example"}
    card = Pipeline(pipeline.model, NAMES, 1.0, training).generate_model_card()
    assert "alert(1)" in card.text and "<script" not in card.text.replace(r"\<", "") and "https://evil" not in card.text
