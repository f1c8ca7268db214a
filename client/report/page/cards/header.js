// What the experiment is, how it stands, and the figures that people look for first.
const headerCard = {
    id: "header",
    kind: "plain",
    draw(view, body) {
        const data = view.data;
        const state = data.good ? "good" : data.reason === "ExperimentFailed" ? "bad" : "";
        const word = data.reason
            .replace(/^Experiment/, "")
            .replace(/([a-z])([A-Z])/g, "$1 $2")
            .toLowerCase();
        document.title = `${data.experiment}: Mushir report`;
        body.append(
            make(
                "h1",
                { text: data.experiment },
                make("span", { class: `badge ${state}`, text: word }),
            ),
        );
        body.append(
            make("p", {
                class: "sub",
                text:
                    `${data.message}. Algorithm ${data.algorithm}; to ${data.maximize ? "maximize" : "minimize"} ${view.metric}` +
                    `${data.goal === null ? "." : `, goal ${data.goal}.`} Begun ${data.started.slice(0, 19).replace("T", " ")} UTC.`,
            }),
        );
        const box = make("div", { class: "figures" });
        for (const [value, name] of figuresOf(view))
            box.append(make("div", {}, make("b", { text: value }), make("span", { text: name })));
        body.append(box);
    },
};

function figuresOf(view) {
    const count = (...conditions) =>
        view.trials.filter(t => conditions.includes(t.condition)).length;
    const out = view.best
        ? [[short(view.best.metrics[0]).slice(0, 24), `best ${view.metric}`]]
        : [];
    out.push([view.trials.length, "trials"], [count("Succeeded"), "succeeded"]);
    const others = [
        [count("EarlyStopped"), "stopped early"],
        [count("Failed", "MetricsUnavailable"), "failed"],
        [count("Running"), "running"],
    ];
    out.push(...others.filter(([n]) => n > 0));
    if (view.data.ended)
        out.push([
            duration((Date.parse(view.data.ended) - Date.parse(view.data.started)) / 1000),
            "wall time",
        ]);
    out.push([duration(view.trials.reduce((s, t) => s + (t.seconds || 0), 0)), "time in trials"]);
    return out;
}
