"""A plot of a few points on two logarithmic axes, as SVG: pure, and without a dependency."""

from __future__ import annotations

import math

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 480, 270, 72, 44, 28, 36


def svg(plot):
    """Return the plot."""
    xs, ys = zip(*plot.points, strict=True)
    x0, x1 = math.log10(min(xs)), math.log10(max(xs))
    y0, y1 = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))
    y1 = max(y1, y0 + 1)

    def place(x, y):
        across = (math.log10(x) - x0) / (x1 - x0)
        up = (math.log10(y) - y0) / (y1 - y0)
        return (
            round(LEFT + across * (WIDTH - LEFT - RIGHT), 1),
            round(HEIGHT - BOTTOM - up * (HEIGHT - BOTTOM - TOP), 1),
        )

    spots = [place(x, y) for x, y in plot.points]
    line = " ".join(f"{x},{y}" for x, y in spots)
    marks = "".join(f'<circle cx="{x}" cy="{y}" r="3" fill="#1a5fb4"/>' for x, y in spots)
    labels = [_text(place(x, 10**y0)[0], HEIGHT - BOTTOM + 16, f"{x:,}", "middle") for x in xs]
    for power in range(y0, y1 + 1):
        height = place(xs[0], 10**power)[1]
        labels.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{height}" y2="{height}" stroke="#ccc"/>'
        )
        labels.append(_text(LEFT - 6, height + 4, f"{10**power:,}", "end"))
    labels.append(_text((LEFT + WIDTH) / 2, HEIGHT - 8, plot.across, "middle"))
    labels.append(_text(4, 12, plot.up, "start"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="11">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>{"".join(labels)}'
        f'<polyline points="{line}" fill="none" stroke="#1a5fb4" stroke-width="2"/>{marks}</svg>\n'
    )


def _text(x, y, text, anchor):
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="#333">{text}</text>'
