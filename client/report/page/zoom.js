// Zooming a chart: drag a rectangle; + and - at the keyboard, Shift with an arrow to move, 0 for the whole.
// A zoom is { x: [from, to], y: [from, to] } in parts of the whole axes, kept in state.zoom under the chart's name.
const WHOLE = { x: [0, 1], y: [0, 1] };

function zoomOf(name) {
    return state.zoom[name] || WHOLE;
}

function stretched([a, b], factor) {
    const half = ((b - a) / 2) * factor;
    const middle = clamp((a + b) / 2, half, Math.max(half, 1 - half));
    return half >= 0.5 ? [0, 1] : [middle - half, middle + half];
}

function moved([a, b], by) {
    const shift = clamp(by * (b - a), -a, 1 - b);
    return [a + shift, b + shift];
}

function zoomKeys(zoom) {
    return {
        "+": { x: stretched(zoom.x, 0.5), y: stretched(zoom.y, 0.5) },
        "-": { x: stretched(zoom.x, 2), y: stretched(zoom.y, 2) },
        0: WHOLE,
        ArrowLeft: { x: moved(zoom.x, -0.25), y: zoom.y },
        ArrowRight: { x: moved(zoom.x, 0.25), y: zoom.y },
        ArrowDown: { x: zoom.x, y: moved(zoom.y, -0.25) },
        ArrowUp: { x: zoom.x, y: moved(zoom.y, 0.25) },
    };
}

// The part of |zoom| that lies between two corners of the chart.
function between(c, zoom, [x1, y1], [x2, y2]) {
    const part = (range, a, b) =>
        [Math.min(a, b), Math.max(a, b)].map(
            u => range[0] + clamp(u, 0, 1) * (range[1] - range[0]),
        );
    const u = x => (x - c.left) / (c.right - c.left);
    const v = y => (c.bottom - y) / (c.bottom - c.top);
    return { x: part(zoom.x, u(x1), u(x2)), y: part(zoom.y, v(y1), v(y2)) };
}

// |redraw| draws the card again with the new zoom.
function zoomable(c, name, redraw) {
    const set = zoom => {
        if (zoom.x[1] - zoom.x[0] < 1e-9 || zoom.y[1] - zoom.y[0] < 1e-9) return;
        state.zoom[name] = zoom;
        redraw();
    };
    const box = draw(c.svg, "rect", { class: "zoom" });
    const follow = (from, to) =>
        fill(
            box,
            {
                x: Math.min(from[0], to[0]),
                y: Math.min(from[1], to[1]),
                width: Math.abs(to[0] - from[0]),
                height: Math.abs(to[1] - from[1]),
            },
            [],
        );
    onDrag(c, c.node, follow, (from, to) => {
        fill(box, { width: 0, height: 0 }, []);
        if (c.dragged) set(between(c, zoomOf(name), from, to));
    });
    c.node.addEventListener("keydown", e => {
        const next = (e.shiftKey || !e.key.startsWith("Arrow")) && zoomKeys(zoomOf(name))[e.key];
        if (!next) return;
        e.preventDefault();
        set(next);
    });
}

// The axis within a part of it.
function zoomed(axis, [from, to]) {
    const at = v => (axis.at(v) - from) / (to - from);
    return {
        ...axis,
        at,
        back: u => axis.back(from + u * (to - from)),
        ticks: n =>
            (axis.choice ? axis : numberAxis(axis.back(from), axis.back(to), axis.log)).ticks(n),
    };
}

function wholeButton(name, redraw) {
    const active = state.zoom[name] && state.zoom[name] !== WHOLE;
    return make("button", {
        id: `whole-${name}`,
        text: "Whole",
        disabled: !active,
        title: "Key 0. Drag in the chart, or press +, to zoom",
        onclick: () => {
            delete state.zoom[name];
            redraw();
        },
    });
}
