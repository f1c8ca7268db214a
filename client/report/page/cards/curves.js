// Learning curves: every report of the objective, by its number.
const curvesCard = {
    id: "curves",
    kind: "wide",
    title: view =>
        `Learning curves of ${view.metric}${curveScale(view).log ? " (logarithmic)" : ""}`,
    shown: view => view.trials.some(t => t.curve.length > 1),
    draw(view, body) {
        const zoom = zoomOf("curves");
        const { long, log, least, most, last } = curveScale(view);
        const c = chart(
            "curves",
            `learning curves of ${long.length} trials; drag or press + to zoom`,
            720,
            280,
            { left: 58, right: 12, top: 8, bottom: 32 },
        );
        const x = zoomed(numberAxis(1, last), zoom.x);
        const y = zoomed(numberAxis(least, most, log), zoom.y);
        drawLeftAxis(c, y, 5);
        drawBottomAxis(c, x, 8, "report", isWhole);
        const lines = drawnOf(view, long).map(trial => ({
            trial,
            points: trial.curve.flatMap((v, i) =>
                v === null ? [] : [[c.x(x.at(reportOf(trial, i))), c.y(y.at(v))]],
            ),
        }));
        drawCurves(c, view, lines);
        zoomable(c, "curves", () => drawCard(curvesCard));
        const inside = ([a, b]) => a >= c.left && a <= c.right && b >= c.top && b <= c.bottom;
        const marks = points =>
            lines.flatMap(l =>
                points(l.points.filter(inside)).map(([a, b]) => ({ x: a, y: b, trial: l.trial })),
            );
        answer(
            c,
            view,
            () => marks(p => p),
            () => marks(p => p.slice(-1)),
        );
        body.append(
            make(
                "div",
                { class: "tools" },
                wholeButton("curves", () => drawCard(curvesCard)),
            ),
            c.node,
        );
        for (const text of curveNotes(long, lines)) body.append(make("p", { class: "note", text }));
    },
};

// The trials whose curves are drawn: chosen ones after others, and so over them.
function drawnOf(view, long) {
    const chosen = view.chosen();
    const inside = long.filter(t => chosen.has(t));
    const outside = long.filter(t => !chosen.has(t));
    return [...thinned(outside, view.best), ...thinned(inside, view.best)];
}

function curveNotes(long, lines) {
    const out = [];
    if (lines.length < long.length)
        out.push(`${lines.length} of ${long.length} curves are drawn, evenly by number.`);
    if (long.some(t => t.at))
        out.push(
            "Long curves are thinned: of each of equally long parts the first, the last, the smallest and the largest report are kept.",
        );
    return out;
}

// The number of the i-th kept report of a trial.
function reportOf(t, i) {
    return t.at ? t.at[i] : i + 1;
}

function curveScale(view) {
    const long = view.trials.filter(t => t.curve.length > 1);
    const [least, most] = extent(long.flatMap(t => t.curve).filter(v => v !== null));
    return {
        long,
        least,
        most,
        log: least > 0 && most / least > 30,
        last: extent(long.map(t => reportOf(t, t.curve.length - 1)))[1],
    };
}

function drawCurves(c, view, lines) {
    const palette = colors();
    const chosen = view.chosen();
    const all = [...lines].sort((a, b) => (a.trial === view.best) - (b.trial === view.best));
    c.pen.save();
    c.pen.beginPath();
    c.pen.rect(c.left, c.top, c.right - c.left, c.bottom - c.top);
    c.pen.clip();
    for (const { trial, points } of all) {
        c.pen.globalAlpha = trial === view.best ? 1 : chosen.has(trial) ? 0.55 : 0.06;
        c.pen.lineWidth = trial === view.best ? 3 : 1.2;
        c.pen.strokeStyle = colorOf(view, trial, palette);
        polyline(c.pen, points);
    }
    c.pen.restore();
    c.canvas.dataset.marks = lines.length;
}
