// One trial with everything that is known of it, in a dialog.
function openDetail(name) {
    state.detail = name;
    drawDetail();
}

function drawDetail() {
    const dialog = document.getElementById("detail");
    const t = current.trials.find(trial => trial.name === state.detail);
    if (!t) return dialog.close();
    attempt(dialog, "Trial", body => body.append(...detailOf(current, t)));
    dialog.showModal();
}

function detailOf(view, t) {
    const at = view.trials.indexOf(t);
    const step = (id, text, by) =>
        make("button", {
            id,
            text,
            disabled: !view.trials[at + by],
            onclick: () => keepingFocus(() => openDetail(view.trials[at + by].name)),
        });
    const facts = [
        ["condition", t.condition],
        ["why", t.why],
        ["started", t.started],
        ["time", duration(t.seconds)],
        ["attempt", String(t.attempt)],
    ];
    const out = [
        make(
            "div",
            { class: "tools" },
            make("h2", { id: "detail-name", text: t.name }),
            step("detail-back", "Previous", -1),
            step("detail-next", "Next", 1),
            make("button", {
                class: "push",
                id: "detail-close",
                text: "Close",
                onclick: () => document.getElementById("detail").close(),
            }),
        ),
    ];
    out.push(
        pairsTable([...facts.filter(([, v]) => v), ...metricRows(view, t)]),
        make("h3", { text: "Parameters" }),
        pairsTable(Object.entries(t.assignments)),
    );
    if (t.log)
        out.push(
            make("h3", { text: "End of its log" }),
            make("pre", { id: "detail-log", tabindex: 0, text: t.log }),
        );
    return out;
}
