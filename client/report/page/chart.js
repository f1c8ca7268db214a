// A chart of |width| x |height| units: a canvas for what there is much of, SVG above it for axes and words, a
// tooltip, and the keyboard.
const CANVAS_SCALE = 2; // pixels of the canvas per unit

function chart(id, label, width, height, margin) {
    const canvas = make("canvas", { width: width * CANVAS_SCALE, height: height * CANVAS_SCALE });
    const node = make(
        "div",
        {
            class: "chart",
            id: `chart-${id}`,
            tabindex: 0,
            role: "group",
            "aria-roledescription": "chart",
            "aria-label": label,
        },
        canvas,
    );
    const svg = draw(node, "svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
    const pen = canvas.getContext("2d");
    pen.scale(CANVAS_SCALE, CANVAS_SCALE);
    const { left, right, top, bottom } = margin;
    return {
        id,
        node,
        canvas,
        svg,
        pen,
        width,
        height,
        left,
        top,
        right: width - right,
        bottom: height - bottom,
        x: u => left + u * (width - right - left),
        y: u => height - bottom - u * (height - bottom - top),
    };
}

function drawLeftAxis(c, axis, n) {
    for (const tick of axis.ticks(n)) {
        const y = c.y(tick.at);
        if (y < c.top - 1 || y > c.bottom + 1) continue;
        draw(c.svg, "line", { class: "axis", x1: c.left, x2: c.right, y1: y, y2: y });
        draw(c.svg, "text", {
            x: c.left - 6,
            y: y + 4,
            "text-anchor": "end",
            text: cut(tick.text, 9),
        });
    }
}

function drawBottomAxis(c, axis, n, title, every) {
    for (const tick of axis.ticks(n)) {
        const x = c.x(tick.at);
        if (x < c.left - 1 || x > c.right + 1 || (every && !every(tick))) continue;
        draw(c.svg, "text", {
            x,
            y: c.bottom + 16,
            "text-anchor": "middle",
            text: cut(tick.text, 9),
        });
    }
    draw(c.svg, "text", {
        class: "name",
        x: (c.left + c.right) / 2,
        y: c.height - 4,
        "text-anchor": "middle",
        text: cut(title, 40),
    });
}

const isWhole = tick => /^\d+$/.test(tick.text) || /e/.test(tick.text);

const SMALL = 2; // units: radius of a dot without an edge, of which there may be many thousands

function dot(c, x, y, radius, color, edge) {
    c.pen.fillStyle = color;
    if (radius <= SMALL) return c.pen.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
    c.pen.beginPath();
    c.pen.arc(x, y, radius, 0, 2 * Math.PI);
    c.pen.fill();
    c.pen.strokeStyle = edge;
    c.pen.stroke();
}

function polyline(pen, points) {
    pen.beginPath();
    points.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.stroke();
}

// At most |LINES_MOST| of |trials|, evenly by their order, and |best| if it is among them: beyond that lines only
// cover each other, and take seconds.
const LINES_MOST = 2000;

function thinned(trials, best) {
    const part = i => Math.floor((i * LINES_MOST) / trials.length);
    return trials.length <= LINES_MOST
        ? trials
        : trials.filter((t, i) => t === best || i === 0 || part(i) > part(i - 1));
}

// Where the pointer is, in the chart's units.
function place(c, event) {
    const box = c.node.getBoundingClientRect();
    return [
        ((event.clientX - box.left) * c.width) / box.width,
        ((event.clientY - box.top) * c.height) / box.height,
    ];
}

// ---- drags ----

const LEAST_DRAG = 6; // units; less is a click
const DRAG_ENDS = ["pointerup", "pointercancel"];

// Follow the pointer from a press on |node| until it is let go: move(from, to), then end(from, to), both places in
// units of the chart. c.dragged tells the click that follows what it was.
function onDrag(c, node, move, end) {
    node.addEventListener("pointerdown", press => {
        const from = place(c, press);
        const follow = e => move(from, place(c, e));
        const stop = e => {
            const to = place(c, e);
            removeEventListener("pointermove", follow);
            for (const event of DRAG_ENDS) removeEventListener(event, stop);
            c.dragged = Math.hypot(to[0] - from[0], to[1] - from[1]) >= LEAST_DRAG;
            state.dragging = false;
            end(from, to);
            if (state.waiting) render(state.waiting);
        };
        state.dragging = true;
        press.stopPropagation();
        addEventListener("pointermove", follow);
        for (const event of DRAG_ENDS) addEventListener(event, stop);
    });
}

// ---- marks that answer ----

const REACH = 14; // units from the pointer within which a mark answers

function nearest(marks, x, y) {
    let found = null;
    let least = REACH * REACH;
    for (const m of marks) {
        const d = (m.x - x) ** 2 + (m.y - y) ** 2;
        if (d < least) [found, least] = [m, d];
    }
    return found;
}

function hideTip() {
    document.getElementById("tip").hidden = true;
    for (const ring of document.querySelectorAll(".ring")) ring.remove();
}

function showTip(c, mark, text) {
    const tip = document.getElementById("tip");
    const box = c.node.getBoundingClientRect();
    hideTip();
    draw(c.svg, "circle", { class: "ring", cx: mark.x, cy: mark.y, r: 7 });
    tip.textContent = text;
    tip.hidden = false;
    const x = box.left + (mark.x * box.width) / c.width;
    const y = box.top + (mark.y * box.height) / c.height;
    tip.style.left = `${clamp(x + 12, 4, Math.max(4, innerWidth - tip.offsetWidth - 4))}px`;
    tip.style.top = `${clamp(y + 12, 4, Math.max(4, innerHeight - tip.offsetHeight - 4))}px`;
}

// |marks|() are [{ x, y, trial }], |stops|() those that the arrow keys go along. The nearest to the pointer is told
// in the tooltip; Enter and a click open its trial.
function answer(c, view, marks, stops = marks, tell = m => describe(view, m.trial)) {
    const all = lazily(marks);
    const along = lazily(stops);
    let at = -1;
    let current = null;
    const show = mark => ((current = mark) ? showTip(c, mark, tell(mark)) : hideTip());
    const go = i => along().length && show(along()[(at = clamp(i, 0, along().length - 1))]);
    const keys = {
        ArrowRight: () => go(at + 1),
        ArrowDown: () => go(at + 1),
        ArrowLeft: () => go(at - 1),
        ArrowUp: () => go(at - 1),
        Home: () => go(0),
        End: () => go(along().length - 1),
        Escape: () => show(null),
        Enter: () => current && current.trial && openDetail(current.trial.name),
    };
    c.node.addEventListener("pointermove", e => e.buttons || show(nearest(all(), ...place(c, e))));
    c.node.addEventListener("pointerleave", () => show(null));
    c.node.addEventListener("blur", () => show(null));
    c.node.addEventListener("click", e => {
        const moved = c.dragged;
        c.dragged = false;
        if (moved) return;
        const mark = nearest(all(), ...place(c, e));
        if (mark && mark.trial) openDetail(mark.trial.name);
    });
    c.node.addEventListener("keydown", e => {
        if (e.target !== c.node || !keys[e.key] || e.shiftKey) return;
        e.preventDefault();
        keys[e.key]();
    });
}
