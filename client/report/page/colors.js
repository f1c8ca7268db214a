// Colours for canvases, as the styles have them now: light, dark or print.
function colors() {
    const probe = document.getElementById("main");
    const out = {};
    const style = getComputedStyle(probe);
    const before = probe.style.color;
    for (const name of ["ink", "soft", "line", "card", "accent", "good", "bad", "mid"]) {
        probe.style.color = `var(--${name})`; // resolved: a property's own text would be light-dark(...)
        out[name] = style.color;
    }
    probe.style.color = before;
    return out;
}

const SHADES = []; // made when first asked for

// Orange (best, 0) to blue (worst, 1).
function shade(u) {
    const i = Math.round(255 * clamp(u, 0, 1));
    return (SHADES[i] ??= mixed(i / 255));
}

function mixed(u) {
    const stops = [
        [236, 112, 20],
        [214, 90, 130],
        [120, 94, 196],
        [70, 120, 190],
    ];
    const at = u * (stops.length - 1);
    const i = Math.min(Math.floor(at), stops.length - 2);
    const f = at - i;
    return `rgb(${stops[i].map((c, k) => Math.round(c + f * (stops[i + 1][k] - c))).join(",")})`;
}

// By rank, so that one exploded trial does not wash out the rest.
function colorOf(view, t, palette) {
    return view.rank().has(t) ? shade(view.rank().get(t)) : palette.bad;
}

const CONDITION_COLORS = {
    Succeeded: "accent",
    EarlyStopped: "mid",
    Running: "good",
    Failed: "bad",
    Killed: "bad",
    MetricsUnavailable: "bad",
};
