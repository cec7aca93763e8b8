"""What users import, and from where."""

PATHS = {
    "esc_gpu": (
        *("EscGpuError", "Pipeline", "WaveformClassifier", "create_frontend", "functional", "list_backends"),
        *("list_frontends", "load", "load_pipeline", "__version__"),
    ),
    "esc_gpu.augment": ("Draws", "add_noise", "draw_spec_augment", "mixup", "random_gain", "random_shift"),
    "esc_gpu.config": (
        *("AugmentConfig", "DataConfig", "FrontendConfig", "ModelConfig", "RunConfig", "TrackerConfig", "TrainConfig"),
    ),
    "esc_gpu.data.recordings": ("Recordings",),
    "esc_gpu.data.store": ("open_store",),
    "esc_gpu.errors": ("EscGpuError", "EscGpuWarning"),
    "esc_gpu.experiment": ("open_clips", "open_recordings", "prepare", "run"),
    "esc_gpu.frontends": ("CQT", "Frontend", "LogMel", "MFCC", "Spectrogram", "create_frontend", "list_backends"),
    "esc_gpu.functional": ("cqt", "logmel", "mfcc", "power_to_db", "resample"),
    "esc_gpu.model": ("Normalization", "WaveformClassifier", "create_backbone"),
    "esc_gpu.report": ("format_summary", "plot_confusion", "plot_curves", "plot_inputs"),
}
