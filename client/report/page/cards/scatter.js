// The objective by each parameter.
const scatterCard = {
    id: "scatter",
    kind: "",
    title: view => `${view.metric} by parameter`,
    shown: view => view.data.parameters.length > 0 && view.done.length > 0,
    draw(view, body) {
        const axes = view.axes().filter(a => !a.objective);
        const box = make("div", { class: "scatters" });
        axes.forEach((axis, i) => box.append(scatterOf(view, axis, i)));
        body.append(box);
    },
};

function scatterOf(view, axis, number) {
    const c = chart(`scatter-${number}`, `${view.metric} by ${axis.name}`, 260, 190, {
        left: 50,
        right: 12,
        top: 8,
        bottom: 40,
    });
    const y = view.axes().find(a => a.objective);
    const palette = colors();
    const chosen = view.chosen();
    drawLeftAxis(c, y, 4);
    drawBottomAxis(c, axis, axis.log ? 3 : 4, axis.name + (axis.log ? " (log)" : ""));
    const nudge = i => (axis.choice ? ((i * 7) % 13) - 6 : 0); // categories: points beside each other
    const marks = view
        .ranked()
        .map((trial, i) => ({
            trial,
            x: c.x(axis.at(axis.of(trial))) + nudge(i),
            y: heightOn(c, y, trial),
        }))
        .filter(m => !Number.isNaN(m.x))
        .reverse();
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
    answer(c, view, () => marks);
    return c.node;
}
