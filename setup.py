"""The packages: those under esc_gpu, and the configs beside it as its data. All else stands in setup.cfg."""

from setuptools import find_packages, setup

CONFIGS = {"esc_gpu.configs": "configs", "esc_gpu.configs.recipes": "configs/recipes"}

setup(packages=[*find_packages(include=["esc_gpu*"]), *CONFIGS], package_dir=CONFIGS)
