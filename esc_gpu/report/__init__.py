"""Metrics → a table and plots."""

from esc_gpu.core.extras import naming_extras

with naming_extras():
    from esc_gpu.report.figures.run import plot_average_precision, plot_confusion, plot_curves, plot_inputs
    from esc_gpu.report.tables import format_summary

__all__ = ["format_summary", "plot_average_precision", "plot_confusion", "plot_curves", "plot_inputs"]
