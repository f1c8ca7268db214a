// The trials by two objectives, and the front: those that meet the constraints and that no other such one dominates.
const frontCard = {
    id: "front",
    kind: "",
    title: view => `${view.data.objectives.join(" and ")}: the front of ${view.data.front.length}`,
    shown: view => (view.data.objectives || []).length === 2 && view.done.length > 0,
    draw(view, body) {
        const [bottom, side] = view.data.objectives.map(name => metricAxis(view, name));
        const c = chart("front", `${side.name} by ${bottom.name}`, 1060, 340, {
            left: 70,
            right: 20,
            top: 10,
            bottom: 40,
        });
        const front = new Set(view.data.front);
        const palette = colors();
        const chosen = view.chosen();
        drawLeftAxis(c, side, 5);
        drawBottomAxis(c, bottom, 8, bottom.name);
        const marks = view.trials
            .map(trial => ({ trial, x: c.x(bottom.at(bottom.of(trial))), y: c.y(side.at(side.of(trial))) }))
            .filter(m => Number.isFinite(m.x) && Number.isFinite(m.y));
        const best = marks.filter(m => front.has(m.trial.name)).sort((a, b) => a.x - b.x);
        c.pen.strokeStyle = palette.accent;
        c.pen.lineWidth = 1.5;
        polyline(c.pen, best.map(m => [m.x, m.y]));
        for (const m of marks) {
            const isBest = front.has(m.trial.name);
            c.pen.globalAlpha = chosen.has(m.trial) ? 1 : 0.1;
            dot(c, m.x, m.y, isBest ? 5.5 : 3.5, isBest ? palette.accent : palette.soft, palette.card);
        }
        c.canvas.dataset.marks = marks.length;
        c.canvas.dataset.front = best.length;
        answer(c, view, () => marks, () => best);
        body.append(c.node);
    },
};

// The values of a metric over all trials that have it.
function metricAxis(view, name) {
    const i = view.data.metrics.findIndex(m => m.name === name);
    const of = t => (isNumber(t.metrics[i]) ? Number(t.metrics[i]) : NaN);
    const axis = numberAxis(...extent(view.trials.map(of).filter(Number.isFinite)), false);
    return Object.assign(axis, { name, of });
}
