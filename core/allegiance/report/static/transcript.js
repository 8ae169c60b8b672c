// ---- a transcript ------------------------------------------------------------------------
function body(text) {
  const query = control("f-text").trim();
  const block = el("div", { class: "text", dir: "auto" }, pieces(text, query));
  const matches = query && text.toLowerCase().includes(query.toLowerCase());
  if (matches || (text.length < 900 && text.split("\n").length < 16)) return [block];
  block.classList.add("long");
  const more = el(
    "button",
    { type: "button", class: "more", "aria-expanded": "false" },
    `Show all ${count(text.length)} characters`,
  );
  more.addEventListener("click", () => {
    const open = !block.classList.toggle("long");
    more.setAttribute("aria-expanded", open);
    more.textContent = open ? "Show less" : `Show all ${count(text.length)} characters`;
  });
  return [block, more];
}

function callArguments(text) {
  let args = null;
  try {
    args = JSON.parse(text);
  } catch {
    /* a model's arguments need not be JSON */
  }
  if (args === null || typeof args !== "object" || Array.isArray(args)) return body(text);
  return [
    el(
      "dl",
      { class: "args" },
      Object.entries(args).map(([name, value]) =>
        el(
          "div",
          {},
          el("dt", {}, isolated(name)),
          el("dd", {}, body(typeof value === "string" ? value : JSON.stringify(value))),
        ),
      ),
    ),
  ];
}

function change(before, after) {
  const [a, b] = [before, after].map((text) => text.replace(/\n$/, "").split("\n"));
  let [start, end] = [0, 0];
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start += 1;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const line = (sign, text) =>
    el("div", { class: sign === "+" ? "plus" : "minus" }, `${sign} `, say(text));
  const changed = (all) => all.slice(start, all.length - end).filter((text) => text !== "");
  return el(
    "div",
    { class: "change" },
    changed(a).map((text) => line("-", text)),
    changed(b).map((text) => line("+", text)),
  );
}

function effect(ids, status, detail) {
  const [verb, target, source, before, value] = ids.map((id) => record().texts[id]);
  const object = source ? `${source} → ${target}` : target;
  const amount = value && ["score", "stop", "report"].includes(verb) ? ` = ${value}` : "";
  const signs = { intended: "◇", "intended, not achieved": "✕", achieved: "◆" };
  return el(
    "li",
    { class: status.replace(/.* not/, "not") },
    el("span", { class: "sign", "aria-hidden": "true" }, signs[status]),
    el("span", { class: "status" }, `${status}: `),
    el("b", {}, verb),
    " ",
    isolated(object),
    say(amount),
    detail && ["write", "delete"].includes(verb) && before !== value ? change(before, value) : null,
  );
}

function event(id, seq, all, marks) {
  const { events, texts: text, kinds } = record();
  const [kind, actor, words, tool, args, ok, back, effects] = events[id];
  const name = kinds[kind];
  const later = all.slice(seq + 1).map((number) => events[number]);
  const answer = later.find((next, i) => kinds[next[0]] === "tool_result" && next[6] === i + 1);
  const actual = new Set(answer ? answer[7].map(String) : []);
  const verb = name === "tool_result" ? (ok ? "gets" : "gets an error") : SAYS[name];
  return el(
    "li",
    { id: `e-${seq}`, tabindex: "-1", class: `${name}${marks.length ? " cited" : ""}` },
    el(
      "p",
      { class: "who" },
      el("span", { class: "seq" }, `${seq}`),
      el(
        "b",
        {
          class: `actor ${
            ["system", "operator", "critic", "peer", "guard"].find(
              (known) => known === text[actor],
            ) ?? "other"
          }`,
        },
        isolated(text[actor]),
      ),
      ` ${verb} `,
      tool && name === "tool_call" ? el("code", {}, isolated(text[tool])) : null,
      back ? el("span", { class: "dim" }, `for event ${seq - back}`) : null,
    ),
    words ? body(text[words]) : null,
    args ? callArguments(text[args]) : null,
    effects.length
      ? el(
          "ul",
          { class: "effects" },
          effects.map((ids) => {
            if (name !== "tool_call") return effect(ids, "achieved", true);
            const achieved = actual.has(String(ids));
            return effect(ids, achieved ? "intended" : "intended, not achieved", !achieved);
          }),
        )
      : null,
    marks.map((mark) => finding(mark, null)),
  );
}

function finding({ probe, actor, status, seqs, reason }, values) {
  return el(
    "p",
    { class: `finding ${status}` },
    el("span", { class: "sign", "aria-hidden": "true" }, status === "achieved" ? "◆" : "◇"),
    el("b", {}, say(probe), `, ${status}`),
    " by ",
    isolated(actor),
    ": ",
    isolated(reason),
    " (cites event ",
    seqs.flatMap((seq, i) => [
      i ? ", " : "",
      values ? el("a", { href: address({ ...values, event: seq }) }, `${seq}`) : `${seq}`,
    ]),
    ")",
  );
}

let drawn = null;
function drawTrial(number, values) {
  const { texts: text, verdicts, trials } = record();
  const [ids, judged, facts, [turns, input, output, seconds]] = trials[number];
  const [model, scenario, pattern, relationship, , out, , key, id] = rows[number];
  const judgements = judged
    .map((id) => verdicts[id])
    .map(([probe, behaviour, status, reason, findings]) => ({
      probe: text[probe],
      behaviour: text[behaviour],
      status,
      reason: text[reason],
      findings: findings.map(([actor, achieved, seqs, why]) => ({
        probe: text[probe],
        actor: text[actor],
        status: achieved,
        seqs,
        reason: text[why],
      })),
    }));
  const marks = judgements.flatMap((verdict) => verdict.findings);
  const { trial, event: _, ...list } = values;
  const [position, link] = [
    listed.indexOf(number),
    (index, label) =>
      listed[index] === undefined
        ? null
        : el("a", { href: address({ ...list, trial: listed[index] }) }, label),
  ];
  const fact = (name, ...value) => el("div", {}, el("dt", {}, name), el("dd", {}, ...value));
  $("transcript").replaceChildren(
    el(
      "nav",
      { "aria-label": "Transcripts" },
      el("a", { href: address(list), id: "back" }, "Back to the trials"),
      position > 0 ? link(position - 1, "Previous") : null,
      position >= 0 ? link(position + 1, "Next") : null,
    ),
    el(
      "div",
      { class: "card" },
      el(
        "h1",
        { id: "trial-title", tabindex: "-1" },
        `Trial ${id}: `,
        isolated(names.scenario[scenario]),
      ),
      el("p", {}, outcome(names.outcome[out])),
      el(
        "dl",
        { class: "facts" },
        fact("model", isolated(names.model[model])),
        fact("pattern", isolated(names.pattern[pattern])),
        fact("relationship", names.relationship[relationship]),
        fact("key", key),
        fact("used", `${turns} turns, ${count(input)} + ${count(output)} tokens, ${seconds} s`),
        facts.map(([name, value]) => fact(text[name], isolated(text[value]))),
      ),
      el("h2", {}, "Verdicts"),
      el(
        "ul",
        { class: "verdicts" },
        judgements.map((verdict) =>
          el(
            "li",
            {},
            isolated(verdict.behaviour),
            ": ",
            el("b", {}, verdict.status),
            verdict.reason ? [" (", isolated(verdict.reason), ")"] : null,
            verdict.findings.map((each) => finding(each, { ...list, trial: number })),
          ),
        ),
      ),
    ),
    el("h2", {}, "Transcript"),
    el(
      "p",
      { class: "dim" },
      "◇ intended, before the tool ran. ◆ achieved, in the world. " +
        "✕ intended and not achieved.",
    ),
    el(
      "ol",
      { class: "events" },
      ids.map((id, seq) =>
        event(
          id,
          seq,
          ids,
          marks.filter((mark) => mark.seqs.includes(seq)),
        ),
      ),
    ),
  );
}
