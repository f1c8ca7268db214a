// What a model expects of the objective over two parameters, with lines of equal value and the trials.
const LINES = 8; // of equal value, about

const contourCard = {
    id: "contour",
    kind: "",
    title: view => `${view.metric} over two parameters, as a model expects it`,
    shown: view => Boolean(view.data.contours && view.data.contours.pairs.length),
    draw(view, body) {
        const model = view.data.contours;
        const pair = model.pairs.find(p => pairName(p) === state.pair) || model.pairs[0];
        const uncertain = state.layer === "sd";
        const values = (uncertain ? pair.sd : pair.mean).map(v => (v === null ? NaN : v));
        const c = chart("contour", `${view.metric} over ${pairName(pair)}`, 1060, 420, {
            left: 70,
            right: 110,
            top: 10,
            bottom: 40,
        });
        const grid = gridOf(view, pair);
        const scale = numberAxis(...extent(values.filter(Number.isFinite)), model.log);
        paintCells(c, grid, values, v =>
            uncertain ? scale.at(v) : view.data.maximize ? 1 - scale.at(v) : scale.at(v),
        );
        for (const tick of scale.ticks(LINES)) drawLevel(c, grid, values, scale.back(tick.at));
        drawLeftAxis(c, grid.y.axis, 6);
        drawBottomAxis(c, grid.x.axis, 8, pair.x.name + (grid.x.axis.log ? " (log)" : ""));
        drawColorScale(c, scale, view.data.maximize && !uncertain);
        const marks = drawTrialsOver(c, view, grid);
        answer(
            c,
            view,
            () => [...marks, ...cellMarks(c, grid, values)],
            () => marks,
            m => (m.trial ? describe(view, m.trial) : cellText(view, pair, m.cell)),
        );
        body.append(
            contourTools(model, pair),
            c.node,
            make("p", { class: "note", text: contourNote(view, model) }),
        );
    },
};

function pairName(p) {
    return `${p.x.name} and ${p.y.name}`;
}

function contourTools(model, pair) {
    const choose = (id, label, entries, now, set) =>
        make(
            "label",
            { text: `${label} ` },
            make(
                "select",
                {
                    id,
                    onchange: e => {
                        set(e.target.value);
                        drawCard(contourCard);
                    },
                },
                ...entries.map(([value, text]) =>
                    make("option", { value, text, selected: value === now }),
                ),
            ),
        );
    return make(
        "div",
        { class: "tools" },
        choose(
            "contour-pair",
            "Parameters",
            model.pairs.map(p => [pairName(p), pairName(p)]),
            pairName(pair),
            v => {
                state.pair = v;
            },
        ),
        choose(
            "contour-layer",
            "Shown",
            [
                ["mean", "expectation"],
                ["sd", "uncertainty of it"],
            ],
            state.layer,
            v => {
                state.layer = v;
            },
        ),
    );
}

function contourNote(view, model) {
    const others =
        view.data.parameters.length > 2 ? " Other parameters are as in the best trial." : "";
    const unit = model.log ? "the factor" : "the size";
    const uncertainty =
        state.layer === "sd" ? ` Uncertainty is ${unit} of a standard deviation.` : "";
    return `A Gaussian process of ${model.trials} trials${qualityOf(model)}.${others}${uncertainty}`;
}

function qualityOf(model) {
    const share = Math.round(100 * model.explained);
    if (model.explained === null) return "";
    return share > 0
        ? `; of the variance of trials that are left out it predicts ${share} %`
        : "; it predicts trials that are left out no better than their mean does";
}

// ---- the grid ----

// Where the places of an axis lie from 0 to 1, and where their cells end.
function placesOf(view, side) {
    const axis = view.axes().find(a => a.name === side.name && !a.objective);
    const at = side.values.map(v => axis.at(axis.of({ assignments: { [side.name]: v } })));
    const edges = [0, ...at.slice(1).map((v, i) => (v + at[i]) / 2), 1];
    return { axis, at, edges };
}

function gridOf(view, pair) {
    return { x: placesOf(view, pair.x), y: placesOf(view, pair.y), n: pair.x.values.length };
}

function paintCells(c, grid, values, part) {
    values.forEach((v, k) => {
        const i = k % grid.n;
        const j = Math.floor(k / grid.n);
        if (Number.isNaN(v)) return;
        const [left, right] = [grid.x.edges[i], grid.x.edges[i + 1]].map(c.x);
        const [low, high] = [grid.y.edges[j], grid.y.edges[j + 1]].map(c.y);
        c.pen.fillStyle = shade(part(v));
        c.pen.fillRect(left, high, right - left + 0.3, low - high + 0.3);
    });
    c.canvas.dataset.cells = values.length;
}

// The line where the values are |level|, between the places of numbers: of each square, the points where its sides
// cross the level, two by two (marching squares; of the ambiguous case either pairing is as good).
function drawLevel(c, grid, values, level) {
    if (grid.x.axis.choice || grid.y.axis.choice) return;
    c.pen.strokeStyle = "rgb(255 255 255 / .8)";
    c.pen.lineWidth = 1;
    for (let j = 0; j + 1 < grid.y.at.length; j++) {
        for (let i = 0; i + 1 < grid.n; i++) {
            const points = crossings(c, grid, values, level, i, j);
            for (let k = 0; k + 1 < points.length; k += 2)
                polyline(c.pen, [points[k], points[k + 1]]);
        }
    }
}

function crossings(c, grid, values, level, i, j) {
    const corners = [
        [i, j],
        [i + 1, j],
        [i + 1, j + 1],
        [i, j + 1],
    ];
    const out = [];
    corners.forEach((p, k) => {
        const q = corners[(k + 1) % 4];
        const a = values[p[1] * grid.n + p[0]];
        const b = values[q[1] * grid.n + q[0]];
        if (a < level === b < level) return;
        const f = (level - a) / (b - a);
        const x = grid.x.at[p[0]] + f * (grid.x.at[q[0]] - grid.x.at[p[0]]);
        const y = grid.y.at[p[1]] + f * (grid.y.at[q[1]] - grid.y.at[p[1]]);
        out.push([c.x(x), c.y(y)]);
    });
    return out;
}

function drawColorScale(c, scale, flipped) {
    const left = c.right + 20;
    const steps = 40;
    for (let i = 0; i < steps; i++) {
        c.pen.fillStyle = shade(flipped ? 1 - i / (steps - 1) : i / (steps - 1));
        c.pen.fillRect(left, c.y((i + 1) / steps), 14, (c.bottom - c.top) / steps + 0.5);
    }
    for (const tick of scale.ticks(6))
        draw(c.svg, "text", { x: left + 20, y: c.y(tick.at) + 4, text: cut(tick.text, 9) });
}

function drawTrialsOver(c, view, grid) {
    const palette = colors();
    const chosen = view.chosen();
    const marks = view.ranked().map(trial => ({
        trial,
        x: c.x(grid.x.axis.at(grid.x.axis.of(trial))),
        y: c.y(grid.y.axis.at(grid.y.axis.of(trial))),
    }));
    const known = marks.filter(m => !Number.isNaN(m.x + m.y));
    for (const m of [...known].reverse()) {
        c.pen.globalAlpha = chosen.has(m.trial) ? 1 : 0.1;
        dot(
            c,
            m.x,
            m.y,
            m.trial === view.best ? 5.5 : known.length > 1000 ? 1.5 : 3,
            m.trial === view.best ? palette.good : palette.ink,
            palette.card,
        );
    }
    c.canvas.dataset.marks = known.length;
    return known;
}

function cellMarks(c, grid, values) {
    return values.map((v, cell) => ({
        cell,
        x: c.x(grid.x.at[cell % grid.n]),
        y: c.y(grid.y.at[Math.floor(cell / grid.n)]),
    }));
}

function cellText(view, pair, cell) {
    const n = pair.x.values.length;
    const spread = view.data.contours.log
        ? `× or ÷ ${short(pair.sd[cell])}`
        : `± ${short(pair.sd[cell])}`;
    return (
        `${pair.x.name} = ${short(pair.x.values[cell % n])}\n${pair.y.name} = ${short(pair.y.values[Math.floor(cell / n)])}\n` +
        `${view.metric}: ${short(pair.mean[cell])} ${spread}`
    );
}
