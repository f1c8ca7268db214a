// Multi-fidelity: trials by how much they could spend (hyperband's resource). A line leads from a configuration to
// the same one with more: it was promoted.
const rungsCard = {
    id: "rungs",
    kind: "",
    title: view => `Rungs of ${view.data.resource}`,
    shown: view => Boolean(view.data.resource) && view.done.length > 0,
    draw(view, body) {
        const rungs = rungsOf(view);
        const axis = choiceAxis(rungs.map(r => r.level));
        const y = objectiveColumn(view);
        const label = rungs.map(r => rungText(view, r)).join("; ");
        const c = chart("rungs", label, 1060, 300, { left: 58, right: 12, top: 10, bottom: 50 });
        drawLeftAxis(c, y, 5);
        rungs.forEach((r, i) => drawRungText(c, r, c.x((i + 0.5) / rungs.length)));
        draw(c.svg, "text", {
            class: "name",
            x: (c.left + c.right) / 2,
            y: c.height - 4,
            "text-anchor": "middle",
            text: cut(view.data.resource, 40),
        });
        const spots = new Map(
            rungs.flatMap((r, i) =>
                r.trials.map((t, k) => [
                    t,
                    c.x(axis.at(i + 0.5)) +
                        spread(k, r.trials.length, (c.right - c.left) / rungs.length),
                ]),
            ),
        );
        const marks = view.done
            .filter(t => spots.has(t))
            .map(trial => ({ trial, x: spots.get(trial), y: heightOn(c, y, trial) }));
        drawRungs(c, view, marks);
        answer(c, view, () => marks);
        body.append(c.node);
    },
};

// Over the middle half of a rung's width.
function spread(k, n, width) {
    return n < 2 ? 0 : ((k / (n - 1) - 0.5) * width) / 2;
}

function levelOf(view, t) {
    return t.assignments[view.data.resource];
}

// What a configuration is without its resource.
function configurationOf(view, t) {
    return JSON.stringify(
        Object.entries(t.assignments)
            .filter(([name]) => name !== view.data.resource)
            .sort(),
    );
}

// Trials by level, levels ascending; |promoted| are those whose configuration came back with a larger one.
function rungsOf(view) {
    const levels = [...new Set(view.trials.map(t => levelOf(view, t)))].sort((a, b) => a - b);
    const largest = new Map();
    for (const t of view.trials) {
        const key = configurationOf(view, t);
        largest.set(key, Math.max(largest.get(key) ?? -Infinity, Number(levelOf(view, t))));
    }
    const promoted = t => largest.get(configurationOf(view, t)) > Number(levelOf(view, t));
    return levels.map(level => {
        const trials = view.trials.filter(t => levelOf(view, t) === level);
        return { level, trials, promoted: trials.filter(promoted).length };
    });
}

function rungText(view, r) {
    return `${view.data.resource} ${r.level}: ${r.trials.length} trials, ${r.promoted} promoted`;
}

function drawRungText(c, r, x) {
    draw(c.svg, "text", { x, y: c.bottom + 15, "text-anchor": "middle", text: cut(r.level, 9) });
    draw(c.svg, "text", {
        x,
        y: c.bottom + 28,
        "text-anchor": "middle",
        text: `${r.trials.length}${r.promoted ? `, ${r.promoted} promoted` : ""}`,
    });
}

function drawRungs(c, view, marks) {
    const palette = colors();
    const chosen = view.chosen();
    const lines = new Map();
    for (const m of marks) {
        const key = configurationOf(view, m.trial);
        lines.set(key, [...(lines.get(key) || []), m]);
    }
    c.pen.strokeStyle = palette.soft;
    c.pen.globalAlpha = 0.35;
    for (const line of lines.values()) {
        if (line.length > 1)
            polyline(
                c.pen,
                line.sort((a, b) => a.x - b.x).map(m => [m.x, m.y]),
            );
    }
    for (const m of marks) {
        c.pen.globalAlpha = chosen.has(m.trial) ? 1 : 0.1;
        dot(
            c,
            m.x,
            m.y,
            m.trial === view.best ? 5.5 : marks.length > 1000 ? 2 : 3.8,
            colorOf(view, m.trial, palette),
            palette.card,
        );
    }
    c.canvas.dataset.marks = marks.length;
    c.canvas.dataset.promotions = [...lines.values()].reduce((n, line) => n + line.length - 1, 0);
}
