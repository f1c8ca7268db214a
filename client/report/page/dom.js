// Elements. Whatever people wrote (names, values, logs) goes in as text, never as markup.
const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
        if (value === undefined || value === null || value === false) continue;
        if (name === "text") node.textContent = value;
        else if (typeof value === "function") node.addEventListener(name.slice(2), value);
        else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children);
    return node;
}

// make("button", { class: "x", text: "Go", onclick: f }, ...children)
function make(tag, attributes, ...children) {
    return fill(document.createElement(tag), attributes, children);
}

// The same for SVG, appended to |parent|.
function draw(parent, tag, attributes) {
    const node = fill(document.createElementNS(SVG, tag), attributes, []);
    parent.append(node);
    return node;
}

// Longer names are cut in charts; tooltips and the table have them whole.
function cut(text, most) {
    const letters = [...String(text)];
    return letters.length > most ? letters.slice(0, most - 1).join("") + "…" : String(text);
}

// Draw anew and leave the keyboard where it was: whatever takes focus has an id.
function keepingFocus(work) {
    const focused = document.activeElement;
    const id = focused && focused.id;
    const at = focused && focused.selectionStart;
    work();
    const again = id && document.getElementById(id);
    if (!again || again === document.activeElement) return;
    again.focus({ preventScroll: true });
    if (typeof at === "number" && again.setSelectionRange) again.setSelectionRange(at, at);
}
