// When trials ran, side by side: a trial takes the first worker that is free.
const timelineCard = {
    id: "timeline",
    kind: "",
    title: view => `Trials over time on ${lanesOf(view).count} workers`,
    shown: view => view.trials.some(t => t.begin !== null),
    draw(view, body) {
        const { bars, count } = lanesOf(view);
        const zoom = zoomOf("timeline");
        const height = 40 + clamp(18 * count, 40, 260);
        const label = `${bars.length} trials over time; drag or press + to zoom`;
        const c = chart("timeline", label, 1060, height, {
            left: 34,
            right: 12,
            top: 6,
            bottom: 34,
        });
        const span = extent(bars.map(b => b.end))[1];
        const x = zoomed(numberAxis(0, span), zoom.x);
        drawBottomAxis(c, x, 10, "seconds since the start");
        drawLanes(c, count);
        const marks = drawBars(c, view, bars, count, x);
        const again = () => drawCard(timelineCard);
        zoomable(c, "timeline", again);
        answer(
            c,
            view,
            () => marks,
            () => marks,
            m =>
                `${describe(view, m.trial)}\n${duration(m.trial.seconds)}, from ${duration(m.trial.begin)}`,
        );
        body.append(
            make("div", { class: "tools" }, wholeButton("timeline", again)),
            c.node,
            legendOf([
                ["accent", "succeeded"],
                ["mid", "stopped early"],
                ["good", "running"],
                ["bad", "failed"],
            ]),
        );
    },
};

// A bar for each trial that began, with the number of its worker; one that runs lasts until now.
function lanesOf(view) {
    const free = [];
    const begun = view.trials.filter(t => t.begin !== null).sort((a, b) => a.begin - b.begin);
    const bars = begun.map(trial => {
        const end = Math.max(trial.begin, trial.end ?? view.data.elapsed);
        const found = free.findIndex(until => until <= trial.begin + SAME_MOMENT);
        const lane = found < 0 ? free.length : found;
        free[lane] = end;
        return { trial, lane, begin: trial.begin, end };
    });
    return { bars, count: free.length };
}

const SAME_MOMENT = 0.002; // seconds: times have milliseconds, and a trial may begin in the one in which another ended

function drawLanes(c, count) {
    const step = Math.ceil(count / 12);
    for (let lane = 0; lane < count; lane += step) {
        const y = c.top + ((lane + 0.5) * (c.bottom - c.top)) / count;
        draw(c.svg, "text", { x: c.left - 6, y: y + 4, "text-anchor": "end", text: lane + 1 });
    }
}

// The bars that are to be seen, and where they answer.
function drawBars(c, view, bars, count, x) {
    const palette = colors();
    const chosen = view.chosen();
    const high = (c.bottom - c.top) / count;
    const marks = [];
    for (const { trial, lane, begin, end } of bars) {
        const from = clamp(c.x(x.at(begin)), c.left, c.right);
        const to = clamp(c.x(x.at(end)), c.left, c.right);
        if (x.at(end) < 0 || x.at(begin) > 1) continue;
        const y = c.top + lane * high;
        c.pen.globalAlpha = chosen.has(trial) ? 1 : 0.15;
        c.pen.fillStyle =
            palette[trial === view.best ? "ink" : CONDITION_COLORS[trial.condition] || "soft"];
        c.pen.fillRect(from, y + high * 0.1, Math.max(0.5, to - from - 0.5), high * 0.8);
        marks.push({ trial, x: (from + to) / 2, y: y + high / 2 });
    }
    c.canvas.dataset.marks = marks.length;
    return marks;
}
