"""Mistakes that once went unnoticed: `(file, text, text with the mistake, tests that are to notice it)`."""

TRAINED = ("tests/training/test_plain_torch.py",)
STACKED = ("tests/frontends/test_stack.py",)
STEP = """\
        is_finite = are_finite(clip_gradients(classifier, clip_norm))
        if before is not None:
            leave_out_unless(is_finite, optimizer.optimizer, before)
        optimizer.step()
"""
CLIPPED_AFTER = """\
        is_finite = are_finite(clip_gradients(classifier, 0.0))
        if before is not None:
            leave_out_unless(is_finite, optimizer.optimizer, before)
        optimizer.step()
        clip_gradients(classifier, clip_norm)
"""
GAIN = """\
    if options.gain_db > 0:
        waveform = random_gain(waveform, options.gain_db, draws)
"""
MIXUP = """\
    if options.mixup_alpha > 0:
        waveform, target = mixup(waveform, target, options.mixup_alpha, draws)
"""
PLANTED = [
    # ---- training
    ("esc_gpu/training/loop.py", STEP, CLIPPED_AFTER, TRAINED),
    ("esc_gpu/training/loop.py", "data.num_classes, train.label_smoothing)", "data.num_classes, 0.0)", TRAINED),
    (
        "esc_gpu/training/loop.py",
        "Generator(accelerator.device).manual_seed(derive_seed(train.seed, fold_seed(fold), epoch))",
        "Generator(accelerator.device).manual_seed(derive_seed(train.seed, fold_seed(fold)))",
        TRAINED,
    ),
    (
        "esc_gpu/training/loop.py",
        "(train.seed, fold_seed(fold), epoch)\n",
        "(fold_seed(fold), epoch)\n",
        TRAINED,
    ),
    (
        "esc_gpu/training/optimizer.py",
        '"peak_lr": rate, "weight_decay": weight_decay}',
        '"peak_lr": rate, "weight_decay": 0.0}',
        TRAINED,
    ),
    ("esc_gpu/training/loop.py", "average.update(is_finite if skips else None)", "average.update(None)", TRAINED),
    ("esc_gpu/training/augmentation.py", GAIN, MIXUP + GAIN, TRAINED),
    (
        "esc_gpu/training/resume_state.py",
        'classifier.load_state_dict(state["model"])',
        'classifier.load_state_dict(state["model"], strict=False)',
        ("tests/training/test_resume_state.py",),
    ),
    (
        "esc_gpu/model/checkpoint.py",
        "model.load_state_dict(safetensors.torch.load_file(folder / WEIGHTS))",
        "model.load_state_dict(safetensors.torch.load_file(folder / WEIGHTS), strict=False)",
        ("tests/model",),
    ),
    # ---- inference
    (
        "esc_gpu/inference/export.py",
        '"class_names": list(pipeline.class_names)',
        '"class_names": sorted(pipeline.class_names)',
        ("tests/inference/test_export.py",),
    ),
    (
        "esc_gpu/inference/agreement.py",
        "is_close = self.max_difference <= TOLERANCE and",
        "is_close = not self.max_difference > TOLERANCE and",
        ("tests/inference/test_agreement.py",),
    ),
    (
        "esc_gpu/inference/timeline.py",
        "float((span.behind - span.before)[span.label]) / (span.n_behind - span.n_before)",
        "float((span.behind - span.before)[span.label] / (span.n_behind - span.n_before) > 0)",
        ("tests/inference/test_prediction.py",),
    ),
    (
        "esc_gpu/inference/predict.py",
        "probabilities = pipeline.probabilities(pipeline(batch)).cpu()",
        "probabilities = pipeline.probabilities(pipeline(batch.flip(1))).cpu()",
        ("tests/inference/test_predict.py",),
    ),
    # ---- front-ends: what members of a stack share
    (
        "esc_gpu/frontends/spectrogram.py",
        "options = (self.sample_rate, self.n_fft, self.win_length, self.hop_length, self.window_key, self.pad_mode)",
        "options = (self.sample_rate, self.n_fft, self.win_length, self.hop_length, self.pad_mode)",
        STACKED,
    ),
    (
        "esc_gpu/frontends/spectrogram.py",
        "options = (self.sample_rate, self.n_fft, self.win_length, self.hop_length, self.window_key, self.pad_mode)",
        "options = (self.sample_rate, self.n_fft, self.hop_length, self.window_key, self.pad_mode)",
        STACKED,
    ),
    (
        "esc_gpu/frontends/filterbank.py",
        'return ("bands", self.band_exponent, *self.bank_options, type(self).filterbank, *self.power_key)',
        'return ("bands", self.band_exponent, *self.bank_options, *self.power_key)',
        STACKED,
    ),
    (
        "esc_gpu/frontends/constant_q.py",
        "astuple(replace(self.bands, window=str(self.window)))",
        "astuple(replace(self.bands, window=str(self.window), offset=0.0))",
        STACKED,
    ),
    (
        "esc_gpu/frontends/base.py",
        'reuse(shared, ("waveform", self.sample_rate), lambda: resample(waveform))',
        'reuse(shared, ("waveform",), lambda: resample(waveform))',
        STACKED,
    ),
    (
        "esc_gpu/frontends/stack.py",
        "if shared is None or self.changes_clips:\n            shared = {}\n        size",
        "if shared is None:\n            shared = {}\n        size",
        STACKED,
    ),
    # ---- data
    (
        "esc_gpu/data/store/build.py",
        "for numbers in (windows.recording, windows.start):",
        "for numbers in (windows.recording,):",
        ("tests/data/store/test_build.py",),
    ),
    # ---- evaluation and report
    (
        "esc_gpu/evaluation/assessment.py",
        "accuracy_intervals(run.predictions, run.labels, num_classes, units, n_bootstrap, seed)",
        "accuracy_intervals(run.predictions, run.labels, num_classes, np.arange(len(units)), n_bootstrap, seed)",
        ("tests/evaluation/test_assessment.py",),
    ),
    (
        "esc_gpu/report/evaluation_tables.py",
        "f\"{pair['first_only']} : {pair['second_only']}\"",
        "f\"{pair['second_only']} : {pair['first_only']}\"",
        ("tests/report/test_evaluation_tables.py",),
    ),
    (
        "esc_gpu/report/figures/confusion.py",
        "counts / counts.sum(axis=1, keepdims=True).clip(1)",
        "counts / counts.sum().clip(1)",
        ("tests/report/figures/test_evaluation.py",),
    ),
]
