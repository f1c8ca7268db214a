// The page of mushir serve: a list that is live, a form, one experiment, several compared.
const api = "/api/v1/";
const main = document.getElementById("main");
const experiments = new Map(); // name -> as the server describes it
let server = { readOnly: true, commands: false };
let view = { update() {} };

// ---- elements; texts are only ever texts ----

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function draw(parent, tag, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

const short = value => typeof value === "number" ? String(Number(value.toPrecision(6))) : value ?? "–";
const at = (name, rest = "") => `${api}experiments/${encodeURIComponent(name)}${rest}`;

let noticeTimer;
function notice(text) {
  const box = document.getElementById("notice");
  box.textContent = text;
  box.hidden = !text;
  clearTimeout(noticeTimer);
  if (text) noticeTimer = setTimeout(() => { box.hidden = true; }, 8000);
}

// ---- the interface ----

async function ask(method, path, body, type = "application/json") {
  const options = { method, headers: {} };
  if (body !== undefined) {
    options.body = type === "application/json" ? JSON.stringify(body) : body;
    options.headers["Content-Type"] = type;
  }
  const reply = await fetch(path, options);
  if (reply.status === 401) { login(); throw new Error("not logged in"); }
  const text = await reply.text(), value = text ? JSON.parse(text) : {};
  if (!reply.ok) throw Object.assign(new Error(value.error || `HTTP ${reply.status}`), { value });
  return value;
}

async function command(name, word) {
  try { took(await ask("POST", at(name, `/${word}`))); } catch (error) { notice(error.message); }
}

// An event may have overtaken the reply to a command.
function took(experiment) {
  if (experiments.get(experiment.name)?.version > experiment.version) return;
  experiments.set(experiment.name, experiment);
  view.update(experiment);
}

// Its files were removed.
function forget(name) {
  experiments.delete(name);
  view.forget?.(name);
}

// After a connection was lost: what went meanwhile is not told any more. Events give others a version.
async function dropUnlisted() {
  const listed = new Set((await ask("GET", api + "experiments")).experiments.map(e => e.name));
  for (const [name, e] of experiments) if (!e.version && !listed.has(name)) forget(name);
}

function listen() {
  const status = document.getElementById("connection"), events = new EventSource(api + "events");
  events.onopen = () => {
    status.textContent = "live";
    for (const e of experiments.values()) e.version = 0; // all come again, and a server that was started again counts from the start
    dropUnlisted().catch(error => notice(error.message));
  };
  events.onmessage = event => took(JSON.parse(event.data));
  events.addEventListener("gone", event => forget(JSON.parse(event.data).name));
  events.onerror = () => {
    status.textContent = "not connected";
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
}

// ---- parts of several views ----

function over(e) { return Object.entries(e.trials).reduce((n, [c, k]) => n + (["total", "Created", "Running"].includes(c) ? 0 : k), 0); }

function progressOf(e) {
  const done = over(e), text = e.maxTrialCount ? `${done} of ${e.maxTrialCount}` : `${done}`;
  const bar = e.maxTrialCount ? make("progress", { max: e.maxTrialCount, value: done, "aria-label": `${text} trials` }) : "";
  return make("span", {}, bar, ` ${text}`, make("span", { class: "soft", text: e.trials.Running ? `, ${e.trials.Running} running` : "" }));
}

function stateOf(e) {
  const more = e.state === "queued" && e.before ? ` (${e.before} before it)` : e.elsewhere ? " (elsewhere)" : "";
  return make("span", { class: `state ${e.state}`, title: e.error || e.message || "", text: e.state + more });
}

function buttonsOf(e) {
  if (server.readOnly || e.elsewhere) return [];
  const button = (word, text) => make("button", { type: "button", text, "aria-label": `${text} ${e.name}`, onclick: () => command(e.name, word) });
  if (["running", "queued"].includes(e.state)) return [button("pause", "Pause"), button("stop", "Stop")];
  if (e.state === "pausing") return [button("resume", "Resume"), button("stop", "Stop")];
  return ["paused", "stopped", "stopping", "broken"].includes(e.state) ? [button("resume", "Resume")] : [];
}

// Buttons stay while they are the same: one that is being pressed keeps its press and its focus.
function showButtons(place, e) {
  const fresh = buttonsOf(e), words = fresh.map(button => button.textContent).join(" ");
  if (place.dataset.words === words) return;
  const focused = place.contains(document.activeElement) ? document.activeElement.textContent : null;
  place.dataset.words = words;
  place.replaceChildren(...fresh);
  fresh.find(button => button.textContent === focused)?.focus();
}

// Best value so far of each; a step line for every experiment.
function bestChart(all) {
  const W = 900, H = 260, L = 70, R = 12, T = 10, B = 30, svg = make("div");
  const lines = all.map(e => {
    let best = null;
    return e.values.map((v, i) => {
      if (v !== null && (best === null || (e.goal === "maximize" ? v > best : v < best))) best = v;
      return best === null ? null : [i + 1, best];
    }).filter(Boolean);
  });
  const values = lines.flat().map(p => p[1]), most = Math.max(2, ...all.map(e => e.values.length));
  if (!values.length) return make("p", { class: "soft", text: "No trial has a value yet." });
  let low = Infinity, high = -Infinity;
  for (const v of values) { low = Math.min(low, v); high = Math.max(high, v); }
  const log = low > 0 && high / low > 30, f = log ? Math.log : x => x;
  if (low === high) { low -= Math.abs(low) / 10 || 0.5; high += Math.abs(high) / 10 || 0.5; }
  const x = i => L + (W - L - R) * (i - 1) / (most - 1), y = v => H - B - (H - T - B) * (f(v) - f(low)) / (f(high) - f(low) || 1);
  const root = draw(svg, "svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": "best value by trial" });
  for (const part of [0, 0.5, 1]) {
    const v = log ? Math.exp(f(low) + part * (f(high) - f(low))) : low + part * (high - low);
    draw(root, "line", { class: "axis", x1: L, x2: W - R, y1: y(v), y2: y(v) });
    draw(root, "text", { x: L - 6, y: y(v) + 4, "text-anchor": "end" }, short(Number(v.toPrecision(4))));
  }
  draw(root, "text", { x: L, y: H - 8 }, "1");
  draw(root, "text", { x: W - R, y: H - 8, "text-anchor": "end" }, `trial ${most}`);
  lines.forEach((line, i) => {
    if (!line.length) return;
    let path = "";
    line.forEach(([n, v], k) => { path += k ? `H${x(n)}V${y(v)}` : `M${x(n)},${y(v)}`; });
    path += `H${x(Math.max(2, all[i].values.length))}`;
    draw(root, "path", { class: `best c${i % 6}`, d: path, "data-experiment": all[i].name });
  });
  return svg;
}

// ---- the list ----

function listView() {
  const body = make("tbody"), rows = new Map(), chosen = new Set();
  const compare = make("button", { type: "button", text: "Compare", disabled: true, onclick: () => { location.hash = "#/compare/" + [...chosen].map(encodeURIComponent).join(","); } });
  const head = make("tr", {}, ...["", "Experiment", "State", "Trials", "Best", "Algorithm", ""].map(text => make("th", { text, scope: "col" })));
  const none = make("p", { class: "soft", text: "No experiment yet." });
  main.replaceChildren(make("section", { class: "card" }, make("h2", { text: "Experiments" }), make("table", {}, make("thead", {}, head), body), none, make("p", {}, compare)));
  function choose(name, on) {
    if (on) chosen.add(name); else chosen.delete(name);
    compare.disabled = chosen.size < 1;
  }
  function add(name) {
    const box = make("input", { type: "checkbox", "aria-label": `compare ${name}`, onchange: event => choose(name, event.target.checked) });
    const cells = [{}, {}, { class: "number" }, {}, {}].map(attributes => make("td", attributes));
    const row = make("tr", { "data-experiment": name }, make("td", {}, box), make("td", {}, make("a", { href: "#/e/" + encodeURIComponent(name), text: name })), ...cells);
    body.append(row);
    rows.set(name, { row, cells });
    return rows.get(name);
  }
  function update(e) {
    none.hidden = true;
    const [state, progress, best, algorithm, buttons] = (rows.get(e.name) ?? add(e.name)).cells;
    state.replaceChildren(stateOf(e));
    progress.replaceChildren(progressOf(e));
    best.textContent = e.best ? `${e.metric} ${short(e.best.value)}` : "–";
    algorithm.textContent = e.algorithm ?? "";
    showButtons(buttons, e);
  }
  function forget(name) {
    choose(name, false);
    rows.get(name)?.row.remove();
    rows.delete(name);
    none.hidden = rows.size > 0;
  }
  [...experiments.values()].sort((a, b) => (b.started ?? "~").localeCompare(a.started ?? "~")).forEach(update);
  return { update, forget };
}

// ---- one experiment ----

function entryView(name) {
  const title = make("h2"), facts = make("p"), chart = make("div"), buttons = make("span"), budget = make("span");
  const frame = make("iframe", { title: `report of ${name}`, sandbox: "allow-scripts allow-downloads" });
  const downloads = make("p", {}, "Download: ", ...[["experiment.yaml", "experiment"], ["trials.csv", "table"], ["journal", "journal"], ["report.html", "report"]]
    .flatMap(([file, text]) => [make("a", { href: at(name, "/" + file), download: file === "report.html" ? `${name}.html` : true, text }), " "]));
  main.replaceChildren(make("section", { class: "card" }, title, facts, make("p", {}, buttons, budget), chart, downloads), frame);
  let shown = -1, due = 0, timer = null;
  const field = make("input", { type: "number", min: 1, size: 6, "aria-label": "new maxTrialCount" });
  budget.append(" ", field, " ", make("button", { type: "button", text: "Raise the budget", onclick: async () => {
    try { took(await ask("PATCH", at(name), { maxTrialCount: Number(field.value) })); field.value = ""; } catch (error) { notice(error.message); }
  } }));
  // The report is drawn anew when a trial has ended; the longer it takes, the more seldom.
  async function redraw() {
    timer = null;
    const begun = performance.now(), all = await ask("GET", `${api}compare?experiment=${encodeURIComponent(name)}`);
    chart.replaceChildren(bestChart(all.experiments));
    const loaded = new Promise(done => { frame.onload = done; });
    frame.src = at(name, "/report.html");
    await loaded;
    due = performance.now() + Math.max(2000, 10 * (performance.now() - begun));
  }
  // What was drawn of a journal that is no longer there.
  function clear() {
    clearTimeout(timer);
    timer = null;
    shown = -1;
    chart.replaceChildren();
    downloads.hidden = frame.hidden = true;
  }
  function update(e) {
    if (e.name !== name) return;
    buttons.hidden = downloads.hidden = frame.hidden = false;
    if (!e.started) clear();
    title.replaceChildren(name, " ", stateOf(e));
    facts.replaceChildren(progressOf(e), make("span", { text: e.best ? `, best ${e.metric} ${short(e.best.value)} (${e.best.trial})` : "" }),
      make("span", { class: "soft", text: `, ${e.reports} reports, ${e.algorithm ?? ""}` }), ...(e.error ? [make("p", { class: "error-text", text: e.error })] : []));
    showButtons(buttons, e);
    budget.hidden = server.readOnly || e.elsewhere || !e.maxTrialCount;
    const now = over(e) * 2 + (e.state === "running");
    if (now !== shown && timer === null && e.started) {
      shown = now;
      timer = setTimeout(() => redraw().catch(error => notice(error.message)), Math.max(0, due - performance.now()));
    }
  }
  function forget(gone) {
    if (gone !== name) return;
    clear();
    title.textContent = `${name} is gone`;
    facts.textContent = "Its files were removed.";
    budget.hidden = buttons.hidden = true;
  }
  if (experiments.has(name)) update(experiments.get(name));
  else ask("GET", at(name)).then(took, error => { title.textContent = error.message; });
  return { update, forget };
}

// ---- several compared ----

function compareView(names) {
  const chart = make("div"), legend = make("p", { class: "legend" });
  main.replaceChildren(make("section", { class: "card" }, make("h2", { text: "Best value so far" }), chart, legend));
  let timer = null;
  async function redraw() {
    timer = null;
    const all = await ask("GET", `${api}compare?` + names.map(n => "experiment=" + encodeURIComponent(n)).join("&"));
    chart.replaceChildren(bestChart(all.experiments));
    legend.replaceChildren(...all.experiments.map((e, i) => make("span", {}, make("i", { class: `c${i % 6}` }), `${e.name} (${e.goal} ${e.metric ?? "?"})`)));
  }
  const soon = () => { timer = timer ?? setTimeout(() => redraw().catch(error => notice(error.message)), 500); };
  redraw().catch(error => notice(error.message));
  return { update(e) { if (names.includes(e.name)) soon(); }, forget(name) { if (names.includes(name)) soon(); } };
}

// ---- a new one ----

const ALGORITHMS = ["tpe", "multivariate-tpe", "random", "grid", "sobol", "cmaes", "bayesianoptimization"];

function parameterRow(name = "") {
  const input = (label, attributes) => make("label", {}, make("span", { text: label }), make("input", { size: 8, name: label, ...attributes }));
  const type = make("select", { name: "type", "aria-label": "type" }, ...["float", "float, log", "int", "int, log", "values"].map(text => make("option", { text })));
  const row = make("div", { class: "row parameter" }, input("name", { value: name, required: true }), make("label", {}, make("span", { text: "type" }), type),
    input("min", {}), input("max", {}), input("values", { size: 16, placeholder: "a, b, c", hidden: true }),
    make("button", { type: "button", text: "Remove", onclick: () => row.remove() }));
  const show = () => {
    const list = type.value === "values";
    for (const field of row.querySelectorAll("input")) {
      const mine = field.name === "name" || (field.name === "values") === list;
      field.hidden = field.parentElement.hidden = !mine;
    }
  };
  type.addEventListener("change", show);
  show();
  return row;
}

function readForm(form) {
  const text = name => form.elements[name].value.trim(), parameters = Object.create(null); // any name is only a name
  for (const row of form.querySelectorAll(".parameter")) {
    const value = field => row.querySelector(`[name="${field}"]`).value.trim();
    const [type, scale] = value("type").split(", "), name = value("name");
    if (name in parameters) throw new Error(`the parameter ${name} is there twice`);
    parameters[name] = type === "values" ? { type: "categorical", values: value("values").split(",").map(v => v.trim()) }
      : { type, min: value("min"), max: value("max"), ...(scale ? { scale } : {}) };
  }
  return { ...(text("experiment") ? { name: text("experiment") } : {}), model_training_code: text("command"), hyperparameters: parameters,
    hpo_algorithm: text("algorithm"), objective: text("objective") || "loss", goal: text("goal"), trials: Number(text("trials")), parallel: Number(text("parallel")) };
}

function newView() {
  const rows = make("div"), yaml = make("textarea", { id: "yaml", "aria-label": "the experiment as YAML", spellcheck: "false" });
  const problems = make("ul", { class: "problems", role: "status", id: "problems" });
  const field = (label, attributes) => make("label", {}, make("span", { text: label }), make("input", attributes));
  const choice = (label, name, options) => make("label", {}, make("span", { text: label }), make("select", { name }, ...options.map(text => make("option", { text }))));
  const form = make("form", { id: "form", onsubmit: event => { event.preventDefault(); write(); } },
    field("Training command", { name: "command", class: "wide", required: true, placeholder: "python3 train.py --lr {lr}" }),
    field("Name", { name: "experiment", placeholder: "after the command" }), field("Metric", { name: "objective", placeholder: "loss" }),
    choice("Goal", "goal", ["minimize", "maximize"]), choice("Algorithm", "algorithm", ALGORITHMS),
    field("Trials", { name: "trials", type: "number", min: 1, value: 30 }), field("At a time", { name: "parallel", type: "number", min: 1, value: 1 }),
    make("h2", { text: "Hyperparameters" }), rows, make("p", {}, make("button", { type: "button", text: "Add one", onclick: () => rows.append(parameterRow()) }),
      make("button", { type: "submit", class: "main", text: "Write the experiment" })));
  const submit = make("button", { type: "button", class: "main", text: "Submit", id: "submit", onclick: send });
  rows.append(parameterRow("lr"));
  main.replaceChildren(make("section", { class: "card" }, make("h2", { text: "New experiment" }), form),
    make("section", { class: "card" }, make("h2", { text: "Experiment" }), yaml, problems, make("p", {}, submit)));

  function show(verdict) {
    const items = (verdict.problems ?? []).map(p => make("li", { class: p.warning ? "warning" : "error", text: p.line ? `line ${p.line}: ${p.text}` : p.text }));
    if (verdict.valid) items.push(make("li", { text: "This experiment is valid." }));
    else if (verdict.error) items.push(make("li", { class: "error", text: verdict.error }));
    problems.replaceChildren(...items);
    submit.disabled = !server.commands || verdict.valid === false;
  }
  async function write() {
    try {
      const verdict = await ask("POST", api + "validate", readForm(form));
      yaml.value = verdict.yaml;
      show(verdict);
    } catch (error) { show({ valid: false, error: error.message }); }
  }
  let timer, asked = 0;
  yaml.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const number = ++asked;
      try {
        const verdict = await ask("POST", api + "validate", yaml.value, "application/yaml");
        if (number === asked) show(verdict);
      } catch (error) { show({ valid: false, error: error.message }); }
    }, 400);
  });
  async function send() {
    try {
      const made = await ask("POST", api + "experiments", yaml.value, "application/yaml");
      took(made);
      location.hash = "#/e/" + encodeURIComponent(made.name);
    } catch (error) { show({ valid: false, ...error.value, error: error.message }); }
  }
  return { update() {} };
}

// ---- logging in, and the way about ----

function login() {
  const token = make("input", { type: "password", "aria-label": "token", autocomplete: "current-password", required: true });
  view = { update() {} };
  main.replaceChildren(make("form", { class: "card", id: "login", onsubmit: async event => {
    event.preventDefault();
    const reply = await fetch("/api/v1/login", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token: token.value }) });
    if (reply.ok) start(); else notice("This is not the token.");
  } }, make("h2", { text: "Token" }), token, " ", make("button", { type: "submit", class: "main", text: "Log in" })));
  token.focus();
}

// What stands in the address; as it is when it is not well written.
function decoded(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

function route() {
  const [, kind, rest] = location.hash.split("/");
  view = kind === "e" && rest ? entryView(decoded(rest)) : kind === "compare" && rest ? compareView(rest.split(",").map(decoded)) : kind === "new" ? newView() : listView();
}

async function start() {
  try {
    server = await ask("GET", api + "server");
    for (const e of (await ask("GET", api + "experiments")).experiments) experiments.set(e.name, e);
  } catch { return; }
  document.getElementById("new-link").hidden = !server.commands;
  route();
  listen();
}

window.addEventListener("hashchange", () => { route(); main.focus(); });
start();
