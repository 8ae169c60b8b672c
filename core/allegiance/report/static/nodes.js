// Text of models and tools reaches the page as text nodes: no function in these files takes markup.
const $ = (id) => document.getElementById(id);
const parse = (id) => JSON.parse($(id).textContent);
const { names, rows, cells, total } = parse("index");
let kept = null;
const record = () => (kept ??= parse("record")); // large, so it is parsed at the first use
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
const SAYS = {
  message: "says",
  tool_call: "calls",
  decision: "decides",
  end: "ends the trial",
  reasoning: "thinks",
  ending: "does not end as usual",
  nudge: "nudges",
};

// ---- nodes -------------------------------------------------------------------------------
// control characters, direction overrides and other invisible ones are shown by their number
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/gu;

function pieces(text, query) {
  const nodes = [];
  const searched = query ? query.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") : "";
  text = String(text).replaceAll("\r\n", "\n");
  const cut = new RegExp(`${UNSEEN.source}${searched && `|${searched}`}`, "giu");
  let start = 0;
  for (const { 0: part, index } of text.matchAll(cut)) {
    nodes.push(text.slice(start, index));
    const match = part.length <= 2 && part.replace(UNSEEN, "") === "";
    const code = part.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    nodes.push(match ? el("span", { class: "unseen" }, `U+${code}`) : el("mark", {}, part));
    start = index + part.length;
  }
  return [...nodes, text.slice(start)];
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

// ---- state: it is kept in the address, for links, reloads and the back button -------------
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
