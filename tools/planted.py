"""Mistakes that once went unnoticed: `(file, text, text with the mistake, tests that are to notice it)`."""

TRAINED = ("tests/training/test_plain_torch.py",)
PLANTED = [
    (
        "esc_gpu/training/optimizer.py",
        "    if max_norm > 0:\n",
        "    if max_norm < 0:\n",
        TRAINED,
    ),
]
