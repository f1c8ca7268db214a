// The best trial: its metrics and assignments.
const bestCard = {
    id: "best",
    kind: "narrow",
    title: view => `Best trial: ${view.best.name}`,
    shown: view => Boolean(view.best),
    draw(view, body) {
        body.append(
            pairsTable([...metricRows(view, view.best), ...Object.entries(view.best.assignments)]),
            make(
                "p",
                {},
                make("button", {
                    id: "best-open",
                    text: "Details",
                    onclick: () => openDetail(view.best.name),
                }),
            ),
        );
    },
};

function metricRows(view, t) {
    return view.data.metrics.flatMap((m, i) => [
        [`${m.name} (${m.strategy})`, t.metrics[i] || "–"],
        ...(m.strategy !== "latest" && t.latest[i] !== t.metrics[i]
            ? [[`${m.name} (latest)`, t.latest[i] || "–"]]
            : []),
    ]);
}

function pairsTable(pairs) {
    const rows = pairs.map(([name, value]) =>
        make(
            "tr",
            {},
            make("th", { scope: "row", text: name, title: name }),
            make("td", { text: value, title: value }),
        ),
    );
    return make(
        "div",
        { class: "scroll" },
        make("table", { class: "pairs" }, make("tbody", {}, ...rows)),
    );
}
