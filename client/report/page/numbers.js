// Numbers as people read them.
function isNumber(text) {
    return (
        text !== null &&
        text !== undefined &&
        String(text).trim() !== "" &&
        Number.isFinite(Number(text))
    );
}

// Four digits; what is no number stays as it is.
function short(x) {
    if (x === null || x === undefined || x === "") return "–";
    if (!isNumber(x)) return String(x);
    const n = Number(x);
    const a = Math.abs(n);
    if (Number.isInteger(n) && a < 1e6) return String(n);
    return a !== 0 && (a < 1e-3 || a >= 1e6)
        ? Number(n.toPrecision(3)).toExponential().replace("e+", "e")
        : String(Number(n.toPrecision(4)));
}

function duration(s) {
    if (!isNumber(s)) return "–";
    if (s < 60) return `${Number(s).toFixed(1)} s`;
    return s < 3600
        ? `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s`
        : `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

function clamp(x, low, high) {
    return Math.max(low, Math.min(high, x));
}

// Smallest and largest; a call of Math.max with all of them as arguments fails at some ten thousand.
function extent(values) {
    let low = Infinity;
    let high = -Infinity;
    for (const v of values) {
        if (v < low) low = v;
        if (v > high) high = v;
    }
    return [low, high];
}
