// How much each parameter matters: its share with a standard error, and below it how much it matters among the good.
const IMPORTANCE_ROW = 30; // units

const importanceCard = {
    id: "importance",
    kind: "narrow",
    title: () => "Parameter importance",
    shown: view => view.data.importance.observed > 0,
    draw(view, body) {
        const list = [...view.data.parameters].sort((a, b) => b.importance - a.importance);
        const most = Math.max(0.2, extent(list.map(p => p.importance + p.error))[1]);
        const texts = list.map(p => `${p.name} ${shareText(p)}`);
        const margin = { left: 130, right: 75, top: 0, bottom: 0 };
        const c = chart("importance", texts.join(", "), 340, IMPORTANCE_ROW * list.length, margin);
        const marks = list.map((p, i) => drawShare(c, p, IMPORTANCE_ROW * i, u => c.x(u / most)));
        answer(
            c,
            view,
            () => marks,
            () => marks,
            m => m.text,
        );
        const legend = legendOf([
            ["accent", "over the whole space"],
            ["mid", "from good trials to the best"],
        ]);
        body.append(
            c.node,
            legend,
            make("p", { class: "note", text: importanceNote(view.data.importance) }),
        );
    },
};

function percent(share) {
    return `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
}

function shareText(p) {
    return `${percent(p.importance)} ± ${(100 * p.error).toFixed(1)}`;
}

// |place| gives a share its place.
function drawShare(c, p, top, place) {
    const end = place(p.importance);
    const bar = (y, height, to, color) =>
        draw(c.svg, "rect", {
            x: c.left,
            y,
            width: Math.max(1, to - c.left),
            height,
            rx: 2,
            class: color,
        });
    bar(top + 5, 14, end, "bar");
    bar(top + 20, 4, Math.min(place(p.good), c.right), "bar among");
    draw(c.svg, "line", {
        class: "whisker",
        x1: Math.max(c.left, place(p.importance - p.error)),
        x2: place(p.importance + p.error),
        y1: top + 12,
        y2: top + 12,
    });
    draw(c.svg, "text", { class: "name", x: 0, y: top + 16, text: cut(p.name, 20) });
    draw(c.svg, "text", { x: c.width, y: top + 16, "text-anchor": "end", text: shareText(p) });
    return {
        x: end,
        y: top + 12,
        text: `${p.name} ${shareText(p)}; of what tells the best trials from good ones ${percent(p.good)}`,
    };
}

function importanceNote({ observed, sure, pairs }) {
    const together = pairs.filter(p => p.share >= 0.01).slice(0, 3);
    return [
        "Share of the objective's variance over the whole space that each parameter explains by itself, and its standard error (functional ANOVA).",
        ...together.map(p => `${p.a} and ${p.b} together: ${percent(p.share)} more.`),
        ...(sure ? [] : [`Only ${observed} trials have a value: a guess.`]),
    ].join(" ");
}
