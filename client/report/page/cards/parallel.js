// Parallel coordinates: a line for each trial through its values. A drag along an axis brushes: the other cards and
// the table show what the brushes leave. Axes change places by a drag of their names, or by the keyboard.
const parallelCard = {
    id: "parallel",
    kind: "",
    title: () => "All trials: orange is best",
    shown: view => view.data.parameters.length > 0 && view.done.length > 0,
    draw(view, body) {
        const axes = orderedAxes(view);
        const W = 1060;
        const left = 46;
        const right = 60;
        const c = chart(
            "parallel",
            `parallel coordinates of ${view.done.length} trials over ${axes.length} axes`,
            W,
            340,
            { left, right, top: 40, bottom: 14 },
        );
        c.svg.removeAttribute("aria-hidden"); // its names are buttons
        const x = i => left + ((W - left - right) * i) / Math.max(1, axes.length - 1);
        const paint = () => drawLines(c, view, axes, x);
        axes.forEach((axis, i) => drawRail(c, axis, x(i), paint));
        axes.forEach((axis, i) => drawName(c, axis, i, x, axes));
        paint();
        const marks = at =>
            view
                .ranked()
                .flatMap(trial => at.map(i => ({ trial, x: x(i), y: heightOn(c, axes[i], trial) })))
                .filter(m => !Number.isNaN(m.y));
        answer(
            c,
            view,
            () => marks(axes.map((_, i) => i)),
            () => marks([axes.length - 1]),
        );
        body.append(parallelTools(view), c.node);
        if (view.done.length > LINES_MOST)
            body.append(
                make("p", {
                    class: "note",
                    text: `Of more than ${LINES_MOST} lines, chosen or not, so many of each are drawn, evenly by rank.`,
                }),
            );
    },
};

// The order that people made; new axes at the end.
function orderedAxes(view) {
    const place = a => (state.order.includes(a.name) ? state.order.indexOf(a.name) : Infinity);
    return view
        .axes()
        .map((axis, i) => ({ axis, i }))
        .sort((a, b) => place(a.axis) - place(b.axis) || a.i - b.i)
        .map(e => e.axis);
}

function parallelTools(view) {
    const left = view.chosen().size;
    const active = state.brushes.size > 0 || state.filter !== "";
    return make(
        "div",
        { class: "tools" },
        make("span", {
            class: "note",
            id: "brush-count",
            role: "status",
            text: active
                ? `${left} of ${view.trials.length} trials chosen`
                : "Drag along an axis to choose trials; drag a name, or focus it and press arrows, to move the axis.",
        }),
        make("button", {
            class: "push",
            id: "brush-clear",
            text: "Clear brushes",
            disabled: state.brushes.size === 0,
            onclick: () => {
                state.brushes.clear();
                redraw();
            },
        }),
    );
}

function heightOn(c, axis, trial) {
    return clamp(c.y(axis.at(axis.of(trial))), c.top, c.bottom);
}

function drawLines(c, view, axes, x) {
    const chosen = view.chosen();
    const palette = colors();
    const worstFirst = [...view.ranked()].reverse();
    const inside = worstFirst.filter(t => chosen.has(t));
    const many = worstFirst.length > 500;
    const line = trial =>
        polyline(
            c.pen,
            axes.map((a, i) => [x(i), heightOn(c, a, trial)]).filter(p => !Number.isNaN(p[1])),
        );
    c.pen.clearRect(0, 0, c.width, c.height);
    c.pen.globalAlpha = many ? 0.05 : 0.15;
    c.pen.strokeStyle = palette.soft;
    c.pen.lineWidth = 1;
    for (const t of thinned(worstFirst.filter(t => !chosen.has(t)), view.best)) line(t);
    for (const t of thinned(inside, view.best)) {
        c.pen.globalAlpha = t === view.best ? 1 : many ? 0.25 : 0.6;
        c.pen.lineWidth = t === view.best ? 2.6 : 1.3;
        c.pen.strokeStyle = colorOf(view, t, palette);
        line(t);
    }
    c.canvas.dataset.marks = inside.length;
}

// ---- brushes ----

const SNAP = 0.01; // part of the axis that is its end

function setBrush(axis, a, b) {
    const end = u => axis.back(u < SNAP ? 0 : u > 1 - SNAP ? 1 : u);
    state.brushes.set(axis.name, [end(Math.min(a, b)), end(Math.max(a, b))]);
}

function drawBrush(c, axis, x, box) {
    const brush = state.brushes.get(axis.name);
    if (!brush) return fill(box, { height: 0, width: 0 }, []);
    const [low, high] = brush.map(v => c.y(axis.at(v)));
    return fill(box, { x: x - 7, y: high, width: 14, height: Math.max(1, low - high) }, []);
}

function drawRail(c, axis, x, paint) {
    draw(c.svg, "line", { class: "strong", x1: x, x2: x, y1: c.top, y2: c.bottom });
    for (const tick of axis.ticks(5)) {
        const y = c.y(tick.at);
        if (y >= c.top - 1 && y <= c.bottom + 1)
            draw(c.svg, "text", { class: "halo", x: x + 6, y: y + 4, text: cut(tick.text, 10) });
    }
    const box = drawBrush(c, axis, x, draw(c.svg, "rect", { class: "brush" }));
    const rail = draw(c.svg, "rect", {
        class: "rail",
        "data-axis": axis.name,
        x: x - 12,
        y: c.top,
        width: 24,
        height: c.bottom - c.top,
    });
    const part = ([, y]) => (c.bottom - y) / (c.bottom - c.top);
    const follow = (from, to) => {
        setBrush(axis, part(from), part(to));
        drawBrush(c, axis, x, box);
        requestAnimationFrame(paint);
    };
    onDrag(c, rail, follow, () => {
        if (!c.dragged) state.brushes.delete(axis.name);
        redraw();
    });
    rail.addEventListener("click", e => e.stopPropagation());
}

// ---- names: order and keyboard ----

function moveAxis(axes, from, to) {
    const names = axes.map(a => a.name);
    names.splice(clamp(to, 0, names.length - 1), 0, ...names.splice(from, 1));
    state.order = names;
    drawCard(parallelCard);
}

// Up lifts the lower end by a tenth, Down lowers the upper one.
function nudgeBrush(axis, which) {
    const now = state.brushes.get(axis.name);
    const ends = now ? now.map(axis.at) : [0, 1];
    const [low, high] =
        which > 0
            ? [Math.min(ends[0] + 0.1, ends[1]), ends[1]]
            : [ends[0], Math.max(ends[1] - 0.1, ends[0])];
    setBrush(axis, low, high);
    redraw();
}

function drawName(c, axis, i, x, axes) {
    const label = `${axis.name}, axis ${i + 1} of ${axes.length}. Left and Right move it, Up and Down narrow its brush, Delete clears it`;
    const name = draw(c.svg, "text", {
        class: "name handle",
        id: `axis-${axis.name}`,
        tabindex: 0,
        role: "button",
        "aria-label": label,
        x: x(i),
        y: 16,
        "text-anchor": i === 0 ? "start" : i === axes.length - 1 ? "end" : "middle",
        dx: i === 0 ? -40 : i === axes.length - 1 ? 50 : 0,
        text: cut(axis.name, 18),
    });
    const keys = {
        ArrowLeft: () => moveAxis(axes, i, i - 1),
        ArrowRight: () => moveAxis(axes, i, i + 1),
        ArrowUp: () => nudgeBrush(axis, 1),
        ArrowDown: () => nudgeBrush(axis, -1),
        Delete: () => {
            state.brushes.delete(axis.name);
            redraw();
        },
    };
    name.addEventListener("keydown", e => {
        if (!keys[e.key]) return;
        e.preventDefault();
        keys[e.key]();
    });
    const nearestAxis = at =>
        axes.reduce((best, _, k) => (Math.abs(x(k) - at) < Math.abs(x(best) - at) ? k : best), 0);
    const drop = (_, [at]) => {
        if (c.dragged && nearestAxis(at) !== i) moveAxis(axes, i, nearestAxis(at));
    };
    onDrag(c, name, () => {}, drop);
    name.addEventListener("click", e => e.stopPropagation());
}
