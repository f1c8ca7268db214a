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

function redraw() {
    hideTip();
    keepingFocus(() => CARDS.forEach(drawSection));
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
        matchMedia(query).addEventListener("change", () => current && redraw());
    }
    attempt(fault, "Data", () => {
        data = JSON.parse(source.textContent);
    });
    if (data) render(data);
}
