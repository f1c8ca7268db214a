// Every trial in rows: filter, sort, pages, CSV.
const PAGE_ROWS = 50;

const tableCard = {
    id: "table",
    kind: "",
    title: () => "Trials",
    draw(view, body) {
        const rows = sortedRows(view);
        const pages = Math.max(1, Math.ceil(rows.length / PAGE_ROWS));
        state.page = clamp(state.page, 0, pages - 1);
        const from = state.page * PAGE_ROWS;
        const columns = columnsOf(view);
        const table = make(
            "table",
            { "aria-rowcount": rows.length + 1 },
            make("thead", {}, make("tr", {}, ...columns.map(headOf))),
            make(
                "tbody",
                {},
                ...rows
                    .slice(from, from + PAGE_ROWS)
                    .map((t, i) => rowOf(view, t, columns, from + i)),
            ),
        );
        body.append(
            tableTools(view, rows, pages),
            make(
                "div",
                {
                    class: "scroll",
                    tabindex: 0,
                    role: "region",
                    "aria-label": "table of trials",
                    id: "table-scroll",
                },
                table,
            ),
        );
    },
};

function sortKey(value) {
    return isNumber(value) ? Number(value) : (value ?? "");
}

function sortedRows(view) {
    const chosen = view.chosen();
    const rows = view.trials.filter(t => chosen.has(t));
    const column = columnsOf(view).find(c => c.name === state.sort);
    if (!column) return rows;
    return rows.sort((a, b) => {
        const p = sortKey(column.get(a));
        const q = sortKey(column.get(b));
        const c = typeof p === typeof q ? (p > q) - (p < q) : typeof p === "number" ? -1 : 1; // numbers before words
        return state.up ? c : -c;
    });
}

function headOf(column, i) {
    const sorted = state.sort === column.name;
    const press = () => {
        [state.up, state.sort, state.page] = [sorted ? !state.up : true, column.name, 0];
        drawCard(tableCard);
    };
    return make(
        "th",
        { scope: "col", "aria-sort": sorted ? (state.up ? "ascending" : "descending") : undefined },
        make("button", {
            id: `sort-${i}`,
            text: (column.head || column.name) + (sorted ? (state.up ? " ▲" : " ▼") : ""),
            onclick: press,
        }),
    );
}

function rowOf(view, t, columns, index) {
    const cells = columns.map(c => {
        const value = c.get(t);
        const text = c.name === "trial" ? value : (c.show || short)(value);
        if (c.name !== "trial") return make("td", { text, title: String(value ?? "") });
        return make(
            "td",
            {},
            make("button", {
                id: `open-${t.name}`,
                text,
                title: t.why || "Details",
                onclick: () => openDetail(t.name),
            }),
        );
    });
    return make(
        "tr",
        {
            "data-trial": t.name,
            "aria-rowindex": index + 2,
            class: t === view.best ? "best" : undefined,
        },
        ...cells,
    );
}

function tableTools(view, rows, pages) {
    const turn = by => () => {
        state.page += by;
        drawCard(tableCard);
    };
    const filter = make("input", {
        id: "filter",
        type: "search",
        value: state.filter,
        "aria-label": "filter trials",
        placeholder: "Filter: words, or a comparison such as loss<0.3",
        oninput: e => {
            [state.filter, state.page] = [e.target.value, 0];
            redraw();
        },
    });
    return make(
        "div",
        { class: "tools" },
        filter,
        make("span", {
            class: "note",
            role: "status",
            id: "table-count",
            text: `${rows.length} of ${view.trials.length} trials, page ${state.page + 1} of ${pages}`,
        }),
        make("button", {
            id: "page-back",
            text: "Back",
            disabled: state.page === 0,
            onclick: turn(-1),
        }),
        make("button", {
            id: "page-next",
            text: "Next",
            disabled: state.page >= pages - 1,
            onclick: turn(1),
        }),
        make("button", {
            id: "csv",
            text: "CSV",
            title: "Download the chosen trials",
            onclick: () => download(`${view.data.experiment}.csv`, csvOf(view, rows)),
        }),
    );
}

// RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe.
function csvOf(view, rows) {
    const cell = value => {
        const text = String(value ?? "");
        const safe = /^[=+\-@\t\r]/.test(text) && !isNumber(text) ? `'${text}` : text;
        return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
    };
    const columns = columnsOf(view);
    const lines = [
        columns.map(c => c.head || c.name),
        ...rows.map(t => columns.map(c => c.get(t))),
    ];
    return lines.map(line => line.map(cell).join(",") + "\r\n").join("");
}

function download(name, text) {
    const link = make("a", {
        href: URL.createObjectURL(new Blob([text], { type: "text/csv" })),
        download: name,
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
