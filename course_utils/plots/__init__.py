"""Figures of the lectures, one module a lecture; they draw and compute nothing a core module could."""

from course_utils.plots.picture import OKABE_ITO, Picture, new_figure, picture

__all__ = ["OKABE_ITO", "Picture", "new_figure", "picture"]
