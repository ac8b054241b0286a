"""How all plots of the suite look, and their way into a PNG. No screen and no global state of pyplot is touched."""
from __future__ import annotations

import io

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def tidy(*panels: Axes) -> None:
    """A faint grid, small labels, no frame above and on the right."""
    for panel in panels:
        panel.spines[['top', 'right']].set_visible(False)
        panel.grid(alpha=0.25, lw=0.5)
        panel.tick_params(labelsize=8)


def png(figure: Figure) -> bytes:
    """The figure as a picture."""
    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_png(picture)
    return picture.getvalue()
