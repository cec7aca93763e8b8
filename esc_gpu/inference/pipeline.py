"""A trained model with everything that is needed to use and to share it."""

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from huggingface_hub import ModelCard, ModelHubMixin
from torch import Tensor, nn

from esc_gpu.core.channel import Channel
from esc_gpu.core.checks import check_choice
from esc_gpu.core.find_pipeline import HUB, find_pipeline
from esc_gpu.core.folds import Fold
from esc_gpu.core.machine import AUTOCAST, is_fast
from esc_gpu.core.names import in_one_form
from esc_gpu.core.run_layout import CARD
from esc_gpu.core.task import SINGLE_LABEL
from esc_gpu.core.waveform import check_waveform
from esc_gpu.errors import EscGpuError, first_line
from esc_gpu.inference.model_card import is_card, write_card
from esc_gpu.model import checkpoint
from esc_gpu.model.classifier import WaveformClassifier
from esc_gpu.model.explain import embed
from esc_gpu.model.head import keep_head_in_float32
from esc_gpu.model.hub import download_pipeline, hub_errors
from esc_gpu.model.outputs import OUTPUTS
from esc_gpu.model.silence import narrow_for_bf16

if TYPE_CHECKING:
    from esc_gpu.inference.prediction import Prediction


class Pipeline(nn.Module, ModelHubMixin):
    """Waveform `(B, T)` → logits `(B, K)`: a model with its classes and the length of its clips.

    Args:
        model: the classifier; it is put into evaluation mode.
        class_names: the names of its K outputs; they are kept in one form, as by `esc_gpu.core.names.in_one_form`.
        clip_seconds: length of the training clips.
        training_info: what the model was trained on and its metrics, as from `results.describe_training`.
        precision: "no" for float32, or "bf16" or "fp16" for the backbone with autocast; the last layer uses float32.
        task: "single_label" for one class a clip, or "multi_label" for any number of classes; see `probabilities`.

    Raises:
        EscGpuError: for more or fewer class names than the backbone has outputs, names that hold what cannot be seen,
            two that look alike, clips that are too short for the front-end, and a precision that is unknown or with
            which this CPU would compute wrong values.

    Attributes:
        sample_rate: sample rate of the waveforms in Hz.
        n_samples: T, the length of a clip in samples.
        channel: which channel of a file is classified, as in the training: `data.channel`.

    >>> from esc_gpu import Pipeline, WaveformClassifier, create_frontend
    >>> model = WaveformClassifier(create_frontend("logmel", sample_rate=16000), 2, backbone="test_resnet")
    >>> model.fit_normalization(torch.randn(2, 16000))
    >>> Pipeline(model, ["dog", "rain"], clip_seconds=1.0)(torch.zeros(1, 16000)).shape
    torch.Size([1, 2])
    """

    _hub_mixin_config = {}  # the mixin's record of __init__'s arguments stays off: pipeline.json describes them

    def __init__(
        self,
        model: WaveformClassifier,
        class_names: Sequence[str],
        clip_seconds: float = checkpoint.CLIP_SECONDS,
        training_info: Mapping[str, Any] | None = None,
        precision: str = "no",
        task: str = SINGLE_LABEL,
    ):
        super().__init__()
        if precision != "no" and precision not in AUTOCAST:
            raise EscGpuError(f"precision is {precision!r}; expected one of no, {', '.join(AUTOCAST)}; correct it")
        check_choice("task", task, tuple(OUTPUTS))
        self.task = task
        self.model = model
        self.class_names = [in_one_form(name) for name in class_names]
        checkpoint.check(model, self.class_names, clip_seconds, training_info)
        keep_head_in_float32(model.backbone)  # it may be another one since the model was made
        self.sample_rate: int = model.frontend.input_rate
        self.clip_seconds = float(clip_seconds)
        self.n_samples = round(self.clip_seconds * self.sample_rate)
        self.training_info = dict(training_info or {})
        self.channel: Channel = self.training_info.get("channel", "mix")
        self.precision = precision
        narrow = narrow_for_bf16(model, self.n_samples) if precision == "bf16" and self.device.type == "cpu" else None
        if narrow is not None:
            raise EscGpuError(
                f"precision is bf16, and images of these clips are too narrow for it on a CPU: inside "
                f"{model.backbone_name} they are {narrow}: take precision no"
            )
        self.eval()

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.model.frontend.precision.device

    if TYPE_CHECKING:

        def __call__(self, waveform: Tensor) -> Tensor: ...

    def forward(self, waveform: Tensor) -> Tensor:
        """`(B, n_samples)` int16 or float, full scale at ±1, on any device → logits `(B, K)` float32.

        Raises:
            EscGpuError: for another shape or dtype.
        """
        with self._autocast():
            return self.model(self._checked(waveform)).float()

    def embed(self, waveform: Tensor) -> Tensor:
        """`(B, n_samples)` as of `forward` → embeddings `(B, D)` float32: what the last layer turns into logits.

        Raises:
            EscGpuError: for another shape or dtype.
        """
        with self._autocast():
            return embed(self.model, self._checked(waveform))

    def _checked(self, waveform: Tensor) -> Tensor:
        """The waveforms of a call, on the model's device."""
        check_waveform(waveform)
        if waveform.shape[1] != self.n_samples:
            raise EscGpuError(
                f"the pipeline takes clips of {self.n_samples} samples, {self.clip_seconds:g} s at {self.sample_rate} "
                f"Hz, got {waveform.shape[1]}: cut or pad them, or pass the whole recording to pipeline.classify"
            )
        return waveform.to(self.device)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Logits `(..., K)` → probabilities: their softmax; of several labels a clip, the sigmoid of each."""
        return OUTPUTS[self.task].probabilities(logits)

    def _autocast(self) -> AbstractContextManager[object]:
        if self.precision == "no":
            return nullcontext()
        return torch.autocast(self.device.type, AUTOCAST[self.precision])

    def classify(
        self,
        recording: str | Path | Tensor | np.ndarray,
        sample_rate: int | None = None,
        *,
        overlap: float | None = 0.5,
        batch_size: int = 32,
    ) -> "Prediction":
        """Classify a recording of any length: an audio file, or a waveform `(T,)` at `sample_rate`.

        The arguments and the errors are those of `predict_file` and `predict_waveform` in `esc_gpu.inference.predict`.
        A file has its own sample rate, so `sample_rate` is refused with a file.
        """
        from esc_gpu.inference.predict import predict_file, predict_waveform

        if isinstance(recording, (str, Path)):
            if sample_rate is not None:
                raise EscGpuError(
                    f"sample_rate={sample_rate} works only with waveforms, but {recording} is a file with its own "
                    "rate: remove it"
                )
            return predict_file(self, recording, overlap, batch_size)
        return predict_waveform(self, recording, sample_rate, overlap, batch_size)

    def generate_model_card(self, repo_id: str | None = None) -> ModelCard:
        """The model card, as it will be on the hub under `repo_id`."""
        description = checkpoint.describe(
            self.model, self.class_names, self.clip_seconds, self.training_info, self.task
        )
        return ModelCard(write_card(description, self.sample_rate, repo_id))

    def save_pretrained(  # type: ignore[override]  # the mixin's uploads as well
        self, save_directory: str | Path, *, model_card_kwargs: Mapping[str, str] | None = None, config: None = None
    ) -> None:
        """Write `model.safetensors`, `pipeline.json` and a model card, `README.md`, into a folder: all or none.

        `model_card_kwargs` goes to `generate_model_card`; `config` is the mixin's and not used.

        Raises:
            EscGpuError: for a folder that cannot be written, or that has a README.md of another kind.
        """
        folder = Path(os.path.expanduser(save_directory))
        card = self.generate_model_card(**(model_card_kwargs or {})).content
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if (folder / CARD).exists() and not is_card(folder / CARD):
                raise EscGpuError(f"{folder} has a {CARD} that is not a model card: choose another folder")
            checkpoint.save(
                folder,
                self.model,
                self.class_names,
                clip_seconds=self.clip_seconds,
                training=self.training_info,
                card=card,
                task=self.task,
            )
        except OSError as error:
            raise EscGpuError(f"cannot write to {folder} ({error}): choose another folder") from error

    def push_to_hub(self, repo_id: str, **options: Any) -> str:
        """Upload what `save_pretrained` writes to the Hugging Face hub, and return the commit's address.

        Args:
            repo_id: "user/name"; the repository is created if it does not exist.
            options: of `huggingface_hub.ModelHubMixin.push_to_hub`, such as `private`, `token`, `commit_message`.

        Raises:
            EscGpuError: without network, access or a repository of this name.
        """
        with hub_errors(repo_id):
            return super().push_to_hub(repo_id, model_card_kwargs={"repo_id": repo_id}, **options)

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        device: str | torch.device = "cpu",
        precision: str | None = None,
        **options: Any,
    ) -> "Pipeline":
        """The pipeline in a folder, or else on the Hugging Face hub ("user/name"). Nothing is unpickled.

        Args:
            pretrained_model_name_or_path: where it was saved to or uploaded.
            device: where the model is to be.
            precision: as in `load_pipeline`.
            options: of `huggingface_hub.snapshot_download`: `revision`, `token`, `cache_dir`, `force_download`,
                `local_files_only`.

        Raises:
            EscGpuError: for a folder or repository that holds no pipeline, and without network.
        """
        name = str(pretrained_model_name_or_path)
        folder = Path(os.path.expanduser(name))
        if not folder.is_dir():
            folder = download_pipeline(name, **options)
        return _read(folder, device, precision)


def load_pipeline(
    path: str | Path, fold: Fold | None = None, device: str | torch.device = "cpu", precision: str | None = None
) -> Pipeline:
    """Load a trained pipeline from the disk or the hub.

    Args:
        path: the folder of a run or of a fold, one that `Pipeline.save_pretrained` wrote, or "hf-hub:user/name".
        fold: the fold of the run, a number or "test"; by default the lowest one.
        device: where the model is to be.
        precision: "no" for float32, "bf16" or "fp16". By default, it is that of the training if the device computes
            fast in it, so that a clip gets the same probabilities as in the evaluation, and float32 otherwise.

    Raises:
        EscGpuError: for a folder without a pipeline, a fold that does not exist, and a device that this machine lacks.
    """
    folder = find_pipeline(path, fold)
    if folder is None:
        return Pipeline.from_pretrained(str(path).removeprefix(HUB), device=device, precision=precision)
    return _read(folder, device, precision)


def _read(folder: Path, device: str | torch.device, precision: str | None) -> Pipeline:
    device = _check_device(device)
    model, description = checkpoint.read(folder, device)
    training = description["training"]
    if precision is None:
        trained = training.get("mixed_precision")
        precision = trained if trained in AUTOCAST and is_fast(trained, device) else "no"
        n_samples = round(description["clip_seconds"] * model.frontend.input_rate)
        if precision == "bf16" and device.type == "cpu" and narrow_for_bf16(model, n_samples):
            precision = "no"
    names, seconds = description["class_names"], description["clip_seconds"]
    return Pipeline(model, names, seconds, training, precision, description["task"])


def _check_device(device: str | torch.device) -> torch.device:
    try:
        device = torch.device(device)
        torch.empty((), device=device)
    except (RuntimeError, AssertionError) as error:
        reason = first_line(error)
        raise EscGpuError(f"there is no device {device} here ({reason}): take cpu") from error
    return device
