// ---- heat maps ---------------------------------------------------------------------------
function drawMaps() {
  const chosen = MAPS.map((kind) =>
    names[kind].length > 1 || kind === "model" ? names[kind].indexOf(control(`map-${kind}`)) : 0,
  );
  const shown = cells.filter((cell) => chosen.every((value, i) => cell[i] === value));
  const maps = [...new Set(shown.map((cell) => cell[3]))].sort((a, b) => a - b);
  $("maps").replaceChildren(
    ...maps.map((behaviour) =>
      heatMap(
        behaviour,
        shown.filter((cell) => cell[3] === behaviour),
        chosen,
      ),
    ),
  );
}

function heatMap(behaviour, shown, chosen) {
  const values = (index) => [...new Set(shown.map((cell) => cell[index]))].sort((a, b) => a - b);
  const [patterns, relations] = [values(4), values(5)];
  const head = el(
    "tr",
    {},
    el("td", {}),
    relations.map((r) => el("th", { scope: "col" }, names.relationship[r])),
  );
  const body = patterns.map((row) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, pattern(row)),
      relations.map((relation) => {
        const cell = shown.find((each) => each[4] === row && each[5] === relation);
        return el(
          "td",
          {},
          cell ? heatCell(cell, chosen) : el("span", { class: "absent" }, "not played"),
        );
      }),
    ),
  );
  return el(
    "div",
    { class: "card" },
    el(
      "table",
      { class: "map" },
      el("caption", {}, isolated(names.behaviour[behaviour])),
      el("thead", {}, head),
      el("tbody", {}, body),
    ),
  );
}

function pattern(number) {
  const [adapter, ...pattern] = names.pattern[number].split(":");
  return [isolated(`${adapter}:`), el("wbr", {}), isolated(pattern.join(":"))];
}

function heatCell(cell, chosen) {
  const [, , , behaviour, row, relation, flags, n, not_scored, low, high] = cell;
  const labels = [
    names.behaviour[behaviour],
    names.pattern[row],
    `relationship ${names.relationship[relation]}`,
  ];
  const rate = n ? `${percent(flagged / n)} %` : "nothing scored";
  const facts = [
    n ? `${count(flagged)} of ${count(n)} scored trials` : "0 scored trials",
    n ? `95 % interval ${percent(low)} to ${percent(high)}` : "no interval",
    `${count(missing)} not scored`,
  ];
  const [from, to, mean] = [low, high, n ? flags / n : 0].map((share) => `${2 + 96 * share}%`);
  const stroke = (x1, x2, y1, y2, name) => el("line", { x1, x2, y1, y2, class: name });
  const line = n
    ? el(
        "svg",
        { "aria-hidden": "true", focusable: "false" },
        stroke("2%", "98%", 5, 5, "scale"),
        stroke(from, to, 5, 5, ""),
        stroke(from, from, 2, 8, ""),
        stroke(to, to, 2, 8, ""),
        el("circle", { cx: mean, cy: 5, r: 2.6 }),
      )
    : null;
  const button = el(
    "button",
    {
      type: "button",
      class: `cell ${n ? `h${Math.round((10 * flags) / n)}` : "none"}`,
      "aria-label": `${rate}, ${facts.join(", ")}. ${labels.join(", ")}. List its trials.`,
    },
    el("span", { class: "rate" }, n ? percent(flagged / n) : "nan"),
    line,
    el(
      "span",
      { class: "tip", "aria-hidden": "true" },
      el("b", {}, rate),
      facts.map((fact) => el("span", {}, fact)),
    ),
  );
  for (const name of ["pointerleave", "blur"]) {
    button.addEventListener(name, () => button.classList.remove("quiet"));
  }
  button.addEventListener("click", () => {
    const [model, scenario, condition] = MAPS.map((kind, i) =>
      names[kind].length > 1 ? names[kind][chosen[i]] : "",
    );
    go({
      ...mapState(),
      model,
      scenario,
      condition,
      pattern: names.pattern[row],
      relationship: names.relationship[relation],
      behaviour: names.behaviour[behaviour],
      verdict: flagged ? "flagged" : "",
    });
    toList();
  });
  return button;
}

const mapState = () =>
  Object.fromEntries(MAPS.map((kind) => [`map-${kind}`, control(`map-${kind}`)]));
const toList = () => {
  route();
  $("list-title").focus();
  $("list-title").scrollIntoView();
};
