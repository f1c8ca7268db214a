// How much each parameter matters.
const importanceCard = {
    id: "importance",
    kind: "narrow",
    title: () => "Parameter importance",
    shown: view => view.data.parameters.length > 0 && view.done.length >= 3,
    draw(view, body) {
        const list = [...view.data.parameters].sort((a, b) => b.importance - a.importance);
        const most = Math.max(0.2, extent(list.map(p => p.importance))[1]);
        const text = list.map(p => `${p.name} ${(100 * p.importance).toFixed(0)} %`);
        const c = chart("importance", text.join(", "), 340, 26 * list.length + 4, {
            left: 130,
            right: 45,
            top: 0,
            bottom: 0,
        });
        const marks = list.map((p, i) => {
            const y = 26 * i;
            const x = c.left + ((c.right - c.left) * p.importance) / most;
            draw(c.svg, "text", { class: "name", x: 0, y: y + 16, text: cut(p.name, 20) });
            draw(c.svg, "rect", {
                class: "bar",
                x: c.left,
                y: y + 5,
                width: Math.max(1, x - c.left),
                height: 14,
                rx: 2,
            });
            draw(c.svg, "text", {
                x: c.width,
                y: y + 16,
                "text-anchor": "end",
                text: `${(100 * p.importance).toFixed(0)} %`,
            });
            return { x, y: y + 12, text: text[i] };
        });
        answer(
            c,
            view,
            () => marks,
            () => marks,
            m => m.text,
        );
        body.append(
            c.node,
            make("p", {
                class: "note",
                text: "Share of the objective's variance (of ranks) that each parameter explains by itself, corrected for chance; what only combinations explain is in none.",
            }),
        );
    },
};
