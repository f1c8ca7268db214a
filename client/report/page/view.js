// What the cards share: made anew from each data, lazily where it can fail, so that a card fails alone.

// What people did to the page. It outlives a new data.
const state = {
    brushes: new Map(),
    order: [],
    filter: "",
    page: 0,
    sort: null,
    up: true,
    detail: null,
    zoom: {},
    pair: null,
    layer: "mean",
    dragging: false,
    waiting: null, // data that came meanwhile
};

function lazily(make) {
    let made;
    let value;
    return () => {
        if (!made) [value, made] = [make(), true];
        return value;
    };
}

function viewOf(data) {
    const view = { data, trials: data.trials, metric: data.metrics[0].name };
    view.better = (a, b) => (data.maximize ? a > b : a < b);
    view.done = view.trials.filter(t => t.objective !== null);
    view.best = view.trials.find(t => t.name === data.best);
    view.sorted = view.done.map(t => t.objective).sort((a, b) => a - b);
    view.wide =
        view.sorted.length > 0 &&
        view.sorted[0] > 0 &&
        view.sorted[view.sorted.length - 1] / view.sorted[0] > 30;
    view.ranked = lazily(() =>
        [...view.done].sort((a, b) =>
            view.better(a.objective, b.objective)
                ? -1
                : view.better(b.objective, a.objective)
                  ? 1
                  : 0,
        ),
    );
    view.rank = lazily(
        () =>
            new Map(
                view.ranked().map((t, i, all) => [t, all.length > 1 ? i / (all.length - 1) : 0]),
            ),
    );
    view.axes = lazily(() => [
        ...data.parameters.map(p => parameterAxis(p, view.trials)),
        objectiveColumn(view),
    ]);
    view.chosen = () => chosen(view);
    return view;
}

function objectiveColumn(view) {
    const axis = objectiveAxis(view.sorted, view.wide, view.data.maximize, []);
    return Object.assign(axis, {
        name: view.metric,
        objective: true,
        of: t => (t.objective === null ? NaN : t.objective),
    });
}

// The trials that brushes and filter leave, all of them without any. A brush holds what the axis clips to its ends.
function chosen(view) {
    const brushes = state.brushes.size ? view.axes().filter(a => state.brushes.has(a.name)) : [];
    const inside = (a, t) => {
        const v = clamp(a.of(t), a.low, a.high);
        const [low, high] = state.brushes.get(a.name);
        return v >= low && v <= high;
    };
    const passes = filterOf(state.filter, view);
    return new Set(view.trials.filter(t => brushes.every(a => inside(a, t)) && passes(t)));
}

// Words that must all be found in a trial's row, and comparisons of a column: lr<0.01 condition=Failed.
function filterOf(text, view) {
    const names = new Map(columnsOf(view).map(c => [c.name, c]));
    const tests = text
        .split(/\s+/)
        .filter(Boolean)
        .map(word => {
            const [, name, sign, wanted] = /^(.+?)(<=|>=|<|>|=)(.+)$/.exec(word) || [];
            if (names.has(name)) return t => compares(names.get(name).get(t), sign, wanted);
            const low = word.toLowerCase();
            return t =>
                columnsOf(view).some(c =>
                    String(c.get(t) ?? "")
                        .toLowerCase()
                        .includes(low),
                );
        });
    return t => tests.every(test => test(t));
}

function compares(value, sign, wanted) {
    if (sign === "=" && String(value) === wanted) return true;
    if (!isNumber(value) || !isNumber(wanted)) return false;
    const a = Number(value);
    const b = Number(wanted);
    return { "<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b, "=": a === b }[sign];
}

// The columns of the table, of its CSV, and of the filter's comparisons.
function columnsOf(view) {
    if (view.columns) return view.columns;
    const out = [
        { name: "trial", get: t => t.name },
        { name: "condition", get: t => t.condition },
    ];
    view.data.metrics.forEach((m, i) => {
        out.push({ name: m.name, head: `${m.name} (${m.strategy})`, get: t => t.metrics[i] });
        if (m.strategy !== "latest") out.push({ name: `latest ${m.name}`, get: t => t.latest[i] });
    });
    out.push({ name: "seconds", head: "time", get: t => t.seconds, show: duration });
    for (const p of view.data.parameters)
        out.push({ name: p.name, get: t => t.assignments[p.name] });
    return (view.columns = out);
}

function describe(view, t) {
    const pairs = Object.entries(t.assignments)
        .slice(0, 12)
        .map(([k, v]) => `${k} = ${cut(v, 60)}`);
    return [
        `${t.name} (${t.condition})`,
        `${view.metric} = ${cut(t.metrics[0] || "–", 40)}`,
        ...pairs,
    ].join("\n");
}
