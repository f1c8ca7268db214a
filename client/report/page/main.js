// The page: its cards in their order, each in a section of its own. A card is { id, kind: the section's class,
// title(view), shown(view), draw(view, body) }; a new one is a file in cards/ and a line here.
const CARDS = [
    headerCard,
    historyCard,
    bestCard,
    curvesCard,
    importanceCard,
    parallelCard,
    contourCard,
    scatterCard,
    frontCard,
    rungsCard,
    timelineCard,
    tableCard,
];
let current = null; // the view that is shown

// Have |fillIn|(node) fill |section|. What cannot be drawn says so in its place; the others stand.
function attempt(section, title, fillIn) {
    const body = make("div");
    try {
        fillIn(body);
        section.replaceChildren(...body.childNodes);
    } catch (error) {
        section.replaceChildren(
            make("p", {
                class: "error",
                role: "alert",
                text: `${title}: this part could not be drawn (${error.message})`,
            }),
        );
    }
}

function sectionOf(card) {
    const id = `card-${card.id}`;
    const found = document.getElementById(id);
    if (found) return found;
    const section = make("section", { id, class: card.kind });
    document.getElementById("main").append(section);
    return section;
}

function drawCard(card) {
    keepingFocus(() => drawSection(card));
}

function drawSection(card) {
    const section = sectionOf(card);
    attempt(section, card.id, body => {
        section.hidden = Boolean(card.shown) && !card.shown(current);
        if (section.hidden) return;
        if (card.title) {
            const heading = make("h2", { id: `title-${card.id}`, text: card.title(current) });
            section.setAttribute("aria-labelledby", heading.id);
            body.append(heading);
        }
        card.draw(current, body);
    });
}

// ---- what is drawn when ----

// Cards in sight are drawn at once, the others after the next frame, one in each: a page with many trials is there
// before all of it is drawn. None of these is replaced while something is dragged, which may be on it.
const AT_ONCE = 100; // milliseconds; what is in sight and would begin later waits, too
let waiting = []; // the cards that are to be drawn
let due = false; // a frame will draw one of them

// Half a window above and below what is seen. A card that is hidden costs nothing.
function isNear(card) {
    const box = sectionOf(card).getBoundingClientRect();
    return box.bottom >= -innerHeight / 2 && box.top <= innerHeight * 1.5;
}

function redraw() {
    const until = performance.now() + AT_ONCE;
    CARDS.forEach(sectionOf);
    hideTip();
    waiting = [...waiting, ...CARDS.filter(card => !waiting.includes(card))];
    keepingFocus(() => {
        for (const card of CARDS.filter(isNear)) if (performance.now() < until) drawWaiting(card);
    });
    drawLater();
}

function drawWaiting(card) {
    waiting = waiting.filter(other => other !== card);
    drawSection(card);
}

function drawLater() {
    if (due || !waiting.length) return;
    due = true;
    requestAnimationFrame(() =>
        setTimeout(() => {
            const next = waiting.find(isNear) || waiting[0];
            due = false;
            if (next && !state.dragging) keepingFocus(() => drawWaiting(next));
            drawLater();
        }),
    );
}

// For paper, and whoever looks at all of it.
function drawAll() {
    keepingFocus(() => [...waiting].forEach(drawWaiting));
}

// Show |data| (client/report/data.h tells its form). May be called again with newer data: brushes, filter, order,
// sort, page, zooms and the open trial stay. While something is dragged, it waits until that is let go.
function render(data) {
    state.waiting = state.dragging ? data : null;
    if (state.dragging) return;
    attempt(document.getElementById("fault"), "Data", () => {
        current = viewOf(data);
        redraw();
        if (state.detail && document.getElementById("detail").open) drawDetail();
    });
}

// The last line of the page's script.
function begin() {
    const fault = document.getElementById("fault");
    const source = document.getElementById("data");
    let data = null;
    window.mushirReport = { render };
    document.getElementById("detail").addEventListener("close", () => {
        state.detail = null;
    });
    for (const query of ["(prefers-color-scheme: dark)", "print"]) {
        matchMedia(query).addEventListener("change", () => current && (redraw(), drawAll()));
    }
    addEventListener("beforeprint", drawAll);
    attempt(fault, "Data", () => {
        data = JSON.parse(source.textContent);
    });
    if (data) render(data);
}
