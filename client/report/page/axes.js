// An axis turns what a trial has into a number (of), a number into a place from 0 to 1 (at) and back, and knows
// its ticks: [{ at, text }].

// 1, 2 or 5 times a power of ten, about |n| of them from |low| to |high|.
function evenTicks(low, high, n) {
    const raw = high / n - low / n;
    const unit = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map(k => k * unit).find(s => s >= raw);
    const out = [];
    if (!(step > 0)) return [low, high];
    // counted from the first, so that numbers too near to each other for k * step (beyond 2^53 steps) end too
    const first = Math.ceil(low / step) * step;
    for (let k = 0; k <= 2 * n && first + k * step <= high + step * 1e-9; k++)
        out.push(first + k * step);
    return [...new Set(out.map(x => (Math.abs(x) > 1e6 * step ? x : Number(x.toPrecision(10)))))];
}

function decadeTicks(low, high, n) {
    const a = Math.floor(Math.log10(low));
    const b = Math.floor(Math.log10(high));
    const step = Math.max(1, Math.ceil((b - a) / n));
    const out = [];
    const within = b - a <= 1 ? [1, 2, 5] : b - a <= 2 ? [1, 3] : [1];
    for (let e = Math.ceil(a / step) * step; e <= b; e += step)
        for (const k of within) out.push(Number((k * 10 ** e).toPrecision(6)));
    return out.filter(v => v >= low * 0.999 && v <= high * 1.001);
}

function numberAxis(low, high, log) {
    if (!Number.isFinite(low) || !Number.isFinite(high)) [low, high] = [0, 1];
    log = Boolean(log) && low > 0;
    if (low === high) {
        const half = Math.abs(low) / 10 || 0.5;
        [low, high] = log ? [low / 2, high * 2] : [low - half, high + half];
    }
    const k = Number.isFinite(high - low) ? 1 : 0.25;
    const f = log ? Math.log : x => k * x;
    const a = f(low);
    const b = f(high); // k: no overflow
    const axis = {
        log,
        low,
        high,
        of: Number,
        at: v => (f(v) - a) / (b - a),
        back: u => (log ? Math.exp(a + u * (b - a)) : (a + u * (b - a)) / k),
    };
    axis.ticks = n =>
        (log ? decadeTicks : evenTicks)(low, high, n).map(v => ({
            at: axis.at(v),
            text: short(v),
        }));
    return axis;
}

// The values of a list, side by side, each in the middle of its cell.
function choiceAxis(list) {
    const index = new Map(list.map((v, i) => [v, i]));
    const n = Math.max(1, list.length);
    return {
        log: false,
        low: 0,
        high: n,
        of: v => (index.has(v) ? index.get(v) + 0.5 : NaN),
        at: v => v / n,
        back: u => u * n,
        choice: true,
        ticks: () => list.map((v, i) => ({ at: (i + 0.5) / n, text: String(v) })),
    };
}

// The declared range: it says where the search could have looked, and stays while trials come in.
function parameterAxis(p, trials) {
    let axis;
    if (p.list.length) {
        axis = choiceAxis(p.numeric ? [...p.list].sort((a, b) => a - b) : p.list);
    } else {
        const seen = extent(trials.map(t => Number(t.assignments[p.name])).filter(Number.isFinite));
        const low = isNumber(p.min) ? Number(p.min) : seen[0];
        const high = isNumber(p.max) ? Number(p.max) : seen[1];
        axis = numberAxis(low, high, p.log);
    }
    const of = axis.of;
    return Object.assign(axis, { name: p.name, of: t => of(t.assignments[p.name]) });
}

// Objectives that span decades are logarithmic (|wide|); few far-off ones are cut off rather than flattening all
// others: what lies beyond the outer deciles by three times their distance.
function objectiveAxis(sorted, wide, maximize, extra) {
    const q = p => sorted[Math.floor(p * (sorted.length - 1))];
    let shown = sorted;
    if (!wide && sorted.length >= 8) {
        const spread = Math.max(q(0.9) - q(0.1), 1e-300);
        shown = sorted.filter(v =>
            maximize ? v >= q(0.1) - 3 * spread : v <= q(0.9) + 3 * spread,
        );
    }
    return numberAxis(...extent([...shown, ...extra]), wide);
}
