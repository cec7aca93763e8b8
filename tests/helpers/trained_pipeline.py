"""What a pipeline knows of its training, and the files that it is saved as."""

TRAINING = {
    "recordings": "ESC-50",
    "synthetic": False,
    "subset": "esc10",
    "fold": 3,
    "licence": "CC BY 3.0",
    "metrics": {"clips": 80, "accuracy": 0.875, "macro_f1": 0.8701, "top3_accuracy": 0.9875},
    "mixed_precision": "bf16",
    "esc_gpu": "0.1.0",
    "date": "2025-01-31",
}
FILES = {"model.safetensors", "pipeline.json", "README.md"}
