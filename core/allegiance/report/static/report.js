// ---- the list of trials ------------------------------------------------------------------
const CODES = {
  flagged: /[aA]/,
  achieved: /A/,
  "attempted only": /a/,
  "not scored": /u/,
  clean: /^[-c]*c[-c]*$/,
};

function texts(query) {
  const { texts: all, events, trials } = record();
  const lower = query.toLowerCase();
  const matches = all.map((text) => text.toLowerCase().includes(lower));
  const inEvent = events.map(
    ([, actor, text, tool, args, , , effects]) =>
      matches[actor] ||
      matches[text] ||
      matches[tool] ||
      matches[args] ||
      effects.some((e) => e.some((id) => matches[id])),
  );
  return trials.map(([ids]) => ids.some((id) => inEvent[id]));
}
let search = { query: "", matches: null };

function matching() {
  const set = FIELDS.map((kind) => [
    FIELDS.indexOf(kind),
    names[kind].indexOf(control(`f-${kind}`)),
  ]).filter(([, value]) => value >= 0);
  const behaviour = names.behaviour.indexOf(control("f-behaviour"));
  const code = CODES[control("f-verdict")];
  const query = control("f-text").trim();
  if (query !== search.query) search = { query, matches: query ? texts(query) : null };
  return rows.flatMap((row, number) => {
    const codes = behaviour < 0 ? row[6] : row[6][behaviour];
    const fits =
      set.every(([index, value]) => row[index] === value) &&
      (behaviour < 0 || codes !== "-") &&
      (!code || code.test(codes)) &&
      (!search.matches || search.matches[number]);
    return fits ? [number] : [];
  });
}

let listed = [];
function drawList(values) {
  listed = matching();
  const last = Math.max(0, Math.ceil(listed.length / PAGE) - 1);
  const page = Math.min(Math.max(0, Number(values.page) || 0), last);
  const [from, to] = [page * PAGE, Math.min(listed.length, (page + 1) * PAGE)];
  const all = rows.length < total ? "listed trials" : "trials";
  $("count").textContent = `${count(listed.length)} of ${count(rows.length)} ${all}`;
  $("rows").replaceChildren(...listed.slice(from, to).map((number) => listRow(number, values)));
  $("page").textContent = listed.length ? `${count(from + 1)} to ${count(to)}` : "none";
  for (const [id, step, off] of [
    ["earlier", -1, page === 0],
    ["later", 1, page >= last],
  ]) {
    $(id).disabled = off;
    $(id).onclick = () => {
      stay({ ...state(), page: page + step || "" });
      $("list-title").scrollIntoView();
    };
  }
}

const outcome = (name) =>
  el(
    "span",
    { class: `outcome ${name}` },
    el("span", { "aria-hidden": "true" }, SIGNS[name]),
    ` ${name}`,
  );

function flags(codes) {
  const words = { A: ["◆", ""], a: ["◇", " attempted"], u: ["?", " not scored"] };
  return [...codes].flatMap((code, i) =>
    words[code]
      ? [
          el(
            "span",
            { class: `flag ${code}` },
            el("span", { "aria-hidden": "true" }, words[code][0]),
            ` ${names.behaviour[i]}${words[code][1]}`,
          ),
        ]
      : [],
  );
}

function listRow(number, values) {
  const [model, scenario, pattern, relationship, condition, out, codes, , id] = rows[number];
  const cell = (...children) => el("td", { role: "cell" }, ...children);
  return el(
    "tr",
    { role: "row" },
    el(
      "th",
      { role: "rowheader", scope: "row" },
      el("a", { href: address({ ...values, trial: number }), id: `row-${number}` }, `${id}`),
    ),
    cell(outcome(names.outcome[out])),
    cell(
      isolated(names.scenario[scenario]),
      el(
        "span",
        { class: "dim" },
        ` relationship ${names.relationship[relationship]}` +
          `${names.condition[condition] === "default" ? "" : `, ${names.condition[condition]}`}`,
      ),
    ),
    cell(isolated(names.pattern[pattern])),
    cell(isolated(names.model[model])),
    cell(flags(codes)),
  );
}

// ---- from the address to the page --------------------------------------------------------
let scrolled = 0;
function route() {
  const values = state();
  for (const kind of MAPS)
    if ($(`map-${kind}`)) {
      $(`map-${kind}`).value = values[`map-${kind}`] ?? (kind === "model" ? names.model[0] : "");
    }
  for (const kind of FILTERS) if ($(`f-${kind}`)) $(`f-${kind}`).value = values[kind] ?? "";
  drawMaps();
  drawList(values);
  const number = rows[values.trial] ? Number(values.trial) : null;
  if (number !== null && drawn === null) scrolled = scrollY;
  $("overview").hidden = number !== null;
  $("transcript").hidden = number === null;
  if (number === drawn && values.event === undefined) return;
  if (number === null) {
    $("transcript").replaceChildren();
    scrollTo(0, scrolled);
    $(`row-${drawn}`)?.focus({ preventScroll: true });
  } else {
    if (number !== drawn) {
      drawTrial(number, values);
      scrollTo(0, 0);
    }
    const target = $(`e-${values.event}`) ?? $("trial-title");
    target.focus({ preventScroll: target.id === "trial-title" });
  }
  drawn = number;
}

// the options show control characters as visible text, so their values must be set to the names
for (const [kind, all] of Object.entries(names))
  for (const id of [`map-${kind}`, `f-${kind}`]) {
    const options = [...($(id)?.options ?? [])].slice(-all.length);
    options.forEach((option, i) => {
      option.value = all[i];
    });
  }

let waiting = 0;
for (const kind of FILTERS) {
  const changed = () => stay({ ...state(), [kind]: control(`f-${kind}`), page: "" });
  $(`f-${kind}`)?.addEventListener(kind === "text" ? "input" : "change", () => {
    clearTimeout(waiting);
    if (kind === "text") waiting = setTimeout(changed, 250);
    else changed();
  });
}
for (const kind of MAPS)
  $(`map-${kind}`)?.addEventListener("change", () => stay({ ...state(), ...mapState() }));
$("filters").addEventListener("submit", (submit) => submit.preventDefault());
$("filters").addEventListener("reset", (reset) => {
  reset.preventDefault();
  stay(mapState());
});
$("skip").addEventListener("click", (click) => {
  click.preventDefault();
  $("list-title").focus();
  $("list-title").scrollIntoView();
});
addEventListener("hashchange", route);
const tipped = () => document.querySelectorAll(".cell:hover, .cell:focus");
addEventListener("keydown", (key) => {
  if (key.key === "Escape") tipped().forEach((cell) => cell.classList.add("quiet"));
});
route();
