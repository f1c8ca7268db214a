// How much each parameter matters.
const importanceCard = {
    id: "importance",
    kind: "narrow",
    title: () => "Parameter importance",
    shown: view => view.data.importance.observed > 0,
    draw(view, body) {
        const list = [...view.data.parameters].sort((a, b) => b.importance - a.importance);
        const most = Math.max(0.2, extent(list.map(p => p.importance))[1]);
        const percent = x => `${(100 * x).toFixed(x < 0.0995 ? 1 : 0)} %`;
        const sure = list.map(p => `${percent(p.importance)} ± ${(100 * p.error).toFixed(1)}`);
        const text = list.map((p, i) => `${p.name} ${sure[i]}`);
        const c = chart("importance", text.join(", "), 340, 26 * list.length + 4, {
            left: 130,
            right: 75,
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
                text: sure[i],
            });
            const error = ((c.right - c.left) * p.error) / most;
            draw(c.svg, "line", {
                class: "whisker",
                x1: Math.max(c.left, x - error),
                x2: x + error,
                y1: y + 12,
                y2: y + 12,
            });
            const good = `${text[i]}; of what tells the best trials from good ones ${percent(p.good)}`;
            return { x, y: y + 12, text: good };
        });
        answer(
            c,
            view,
            () => marks,
            () => marks,
            m => m.text,
        );
        const { observed, sure: enough, pairs } = view.data.importance;
        const together = pairs.filter(p => p.share >= 0.01).slice(0, 3);
        body.append(
            c.node,
            make("p", {
                class: "note",
                text:
                    "Share of the objective's variance over the whole space that each parameter explains by itself, and its standard error (functional ANOVA)." +
                    together.map(p => ` ${p.a} and ${p.b} together: ${percent(p.share)} more.`).join("") +
                    (enough ? "" : ` Only ${observed} trials have a value: a guess.`),
            }),
        );
    },
};
