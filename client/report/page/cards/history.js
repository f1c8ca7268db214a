// The objective of each trial in the order of their numbers, and the best so far.
const historyCard = {
    id: "history",
    kind: "wide",
    title: view => `${view.metric}: best so far${view.wide ? " (logarithmic)" : ""}`,
    shown: view => view.done.length > 0,
    draw(view, body) {
        const { goal, maximize } = view.data;
        const reach = goal !== null && (!view.wide || goal > 0) ? [goal] : [];
        const c = chart(
            "history",
            `${view.metric} of ${view.trials.length} trials, and the best so far`,
            720,
            300,
            { left: 58, right: 12, top: 10, bottom: 34 },
        );
        const x = numberAxis(0.5, view.trials.length + 0.5);
        const y = objectiveAxis(view.sorted, view.wide, maximize, reach);
        drawLeftAxis(c, y, 5);
        drawBottomAxis(c, x, 8, "trial", isWhole);
        if (reach.length)
            draw(c.svg, "line", {
                class: "goal",
                x1: c.left,
                x2: c.right,
                y1: c.y(y.at(goal)),
                y2: c.y(y.at(goal)),
            });
        const top = v => clamp(c.y(y.at(v)), c.top, c.bottom);
        const marks = view.trials.map((trial, i) => ({
            trial,
            x: c.x(x.at(i + 1)),
            y: trial.objective === null ? c.bottom - 4 : top(trial.objective),
        }));
        drawHistory(c, view, marks);
        draw(c.svg, "path", { class: "path", d: bestPath(view, marks) + `H${c.right}` });
        answer(c, view, () => marks);
        body.append(
            c.node,
            legendOf([
                ["accent", "succeeded"],
                ["good", "best"],
                ["mid", "stopped early"],
                ["bad", "× no value"],
            ]),
        );
    },
};

function drawHistory(c, view, marks) {
    const palette = colors();
    const chosen = view.chosen();
    const small = marks.length > 1000 ? 2 : 4;
    for (const m of marks) {
        c.pen.globalAlpha = chosen.has(m.trial) ? 1 : 0.15;
        if (m.trial.objective === null) drawCross(c.pen, m.x, m.y, palette.bad);
        else if (m.trial !== view.best)
            dot(
                c,
                m.x,
                m.y,
                small,
                m.trial.condition === "EarlyStopped" ? palette.mid : palette.accent,
                palette.card,
            );
    }
    c.pen.globalAlpha = 1;
    const best = marks.find(m => m.trial === view.best);
    if (best) dot(c, best.x, best.y, 6, palette.good, palette.card);
    c.canvas.dataset.marks = marks.length;
}

function drawCross(pen, x, y, color) {
    pen.strokeStyle = color;
    pen.lineWidth = 1.6;
    polyline(pen, [
        [x - 3, y - 3],
        [x + 3, y + 3],
    ]);
    polyline(pen, [
        [x + 3, y - 3],
        [x - 3, y + 3],
    ]);
    pen.lineWidth = 1;
}

function bestPath(view, marks) {
    let path = "";
    let top = null;
    for (const m of marks) {
        const v = m.trial.objective;
        if (v === null || (top !== null && !view.better(v, top))) continue;
        path += top === null ? `M${m.x},${m.y}` : `H${m.x}V${m.y}`;
        top = v;
    }
    return path;
}

function legendOf(entries) {
    const box = make("div", { class: "legend" });
    for (const [color, text] of entries) {
        const spot = make("i");
        spot.style.background = `var(--${color})`;
        box.append(spot, text);
    }
    return box;
}
