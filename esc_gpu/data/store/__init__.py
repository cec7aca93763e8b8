"""Decoded clips: a memory-mapped store on disk, and batches of it on the device."""

from esc_gpu.core.extras import naming_extras

with naming_extras():
    from esc_gpu.data.store.build import open_store

__all__ = ["open_store"]
