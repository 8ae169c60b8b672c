// What models and tools wrote reaches the page as text nodes: nothing here takes markup.
const $ = (id) => document.getElementById(id);
const parse = (id) => JSON.parse($(id).textContent);
const { names, rows, cells, total } = parse("index");
let kept = null;
const record = () => (kept ??= parse("record")); // large, so read when it is first asked for
const PAGE = 25;
const FIELDS = ["model", "scenario", "pattern", "relationship", "condition", "outcome"];
const FILTERS = [...FIELDS, "behaviour", "verdict", "text"];
const MAPS = ["model", "scenario", "condition"];
const SIGNS = {
  complied: "✓",
  objected: "!",
  refused: "–",
  incomplete: "…",
  error: "×",
  violated: "▲",
};
const SAYS = { message: "says", tool_call: "calls", decision: "decides", end: "ends the trial" };

// ---- nodes -------------------------------------------------------------------------------
// control characters, direction overrides and other invisible ones are shown by their number
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/gu;

function pieces(text, found) {
  const nodes = [];
  const wanted = found ? found.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") : "";
  text = String(text).replaceAll("\r\n", "\n");
  const cut = new RegExp(`${UNSEEN.source}${wanted && `|${wanted}`}`, "giu");
  let at = 0;
  for (const { 0: part, index } of text.matchAll(cut)) {
    nodes.push(text.slice(at, index));
    const match = part.length <= 2 && part.replace(UNSEEN, "") === "";
    const code = part.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    nodes.push(match ? el("span", { class: "unseen" }, `U+${code}`) : el("mark", {}, part));
    at = index + part.length;
  }
  return [...nodes, text.slice(at)];
}

function el(tag, attributes, ...children) {
  const svg = ["svg", "line", "circle"].includes(tag);
  const node = svg
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== ""));
  return node;
}

const say = (text) => pieces(text, "");
const isolated = (text) => el("bdi", {}, say(text));
const count = (number) => number.toLocaleString("en");
const percent = (share) => (100 * share).toFixed(1);

// ---- state: it lives in the address, so that it can be shared, reloaded and gone back to ---
const state = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
const address = (values) => {
  const set = Object.entries(values).filter(([, value]) => value !== "" && value !== undefined);
  return `#${new URLSearchParams(set)}`;
};
const go = (values) => {
  location.hash = address(values);
};
function stay(values) {
  history.replaceState(null, "", address(values));
  route();
}
const control = (id) => $(id)?.value ?? "";
