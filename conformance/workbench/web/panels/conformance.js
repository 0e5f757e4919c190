// The panel Conformance: starts runs of checks, and shows their results as they arrive.

import { showProblem } from "../api.js";
import { element, replace } from "../dom.js";

const SYMBOLS = {
  passed: "✓",
  failed: "✗",
  "expected failure": "≈",
  "unexpected pass": "!",
  "not applicable": "○",
  "not exercised": "?",
};
const FOLDED = ["passed", "not applicable"];

const plural = (count, one, many) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

function badge(state) {
  const kind = FOLDED.includes(state) || state === "expected failure" ? state.replace(" ", "-") : "bad";
  return element("span", { class: `state ${kind}` }, element("span", { "aria-hidden": "true" }, SYMBOLS[state]), ` ${state}`);
}

function labelled(label, control) {
  return element("div", { class: "field" }, element("label", { for: control.id }, label), control);
}

// Indents each value of an example that is JSON, after its name; one that was cut off is not JSON and stays as it is.
function pretty(example) {
  return example
    .split("\n")
    .map((line) => {
      const colon = line.indexOf(": ");
      if (colon < 0) return line;
      try {
        return line.slice(0, colon + 2) + JSON.stringify(JSON.parse(line.slice(colon + 2)), null, 2);
      } catch {
        return line;
      }
    })
    .join("\n");
}

function block(label, text) {
  return [element("h4", {}, label), element("pre", { dir: "auto", tabindex: 0, role: "region", "aria-label": label }, text)];
}

function clause(result) {
  if (result.clauseUrl === null) return `clause ${result.clause}`;
  return element("a", { href: result.clauseUrl, target: "_blank", rel: "noreferrer" }, `clause ${result.clause}`);
}

function transcript(exchanges) {
  if (exchanges.length === 0) return null;
  return element(
    "details",
    {},
    element("summary", {}, `Exchanges with the provider: ${plural(exchanges.length, "request", "requests")}`),
    exchanges.flatMap(({ request, response }, index) => [
      ...block(`Request ${index + 1}`, request),
      ...block(`Response ${index + 1}`, response),
    ]),
  );
}

function details(result) {
  return [
    element("p", { class: "reason", dir: "auto" }, result.message),
    ...(result.example === null ? [] : block("Smallest example", pretty(result.example))),
    transcript(result.transcript),
  ];
}

class Finding {
  constructor(result, replay) {
    this.outcome = element("div", { class: "replay", role: "status" });
    this.button = element("button", { type: "button", onclick: () => replay(result) }, "Replay");
    this.node = element(
      "article",
      { class: "finding", "aria-label": result.id },
      element("h3", {}, badge(result.state), " ", element("code", {}, result.id)),
      element(
        "p",
        { class: "quiet" },
        `${result.description} (${result.level === "advisory" ? "advisory, " : ""}`,
        clause(result),
        " of the contract)",
      ),
      ...details(result),
      result.replay && element("p", {}, this.button, " ", element("code", { class: "command" }, result.replayCommand)),
      this.outcome,
    );
  }

  showReplay(replayed, isReplaying) {
    this.button.disabled = isReplaying;
    const key = isReplaying ? "replaying" : JSON.stringify(replayed ?? null);
    if (key === this.shown) return;
    this.shown = key;
    if (isReplaying) replace(this.outcome, element("p", {}, "Replaying …"));
    else if (!replayed) replace(this.outcome);
    else replace(this.outcome, element("p", {}, "Replay: ", badge(replayed.state)), ...details(replayed));
  }
}

function folded(state, results) {
  return element(
    "details",
    { class: "folded" },
    element("summary", {}, badge(state), ` ${results.length}`),
    element(
      "ul",
      {},
      results.map((it) =>
        element(
          "li",
          {},
          element("code", {}, it.id),
          ` ${it.description}`,
          it.message && element("span", { class: "quiet", dir: "auto" }, ` (${it.message})`),
        ),
      ),
    ),
  );
}

function verdict(connector, { isRunning, error, report, results, checks, isCancelled, isSmoke }) {
  if (error) return [element("p", { class: "error", dir: "auto" }, error)];
  if (isRunning) return [];
  if (isCancelled) return [element("p", {}, `Cancelled after ${results.length} of ${plural(checks.length, "check", "checks")}.`)];
  if (report === null) return [];
  if (report.specErrors.length) {
    return [
      element("p", { class: "error" }, "No check ran: correct the Spec first."),
      element("ul", {}, report.specErrors.map((it) => element("li", { dir: "auto" }, it))),
    ];
  }
  const figures = `${plural(results.length, "check", "checks")}, ${plural(report.examples, "example", "examples")}, ${report.seconds.toFixed(1)} s`;
  if (!report.conforms) {
    const count = results.filter((it) => it.isError).length;
    const why = count ? plural(count, "error", "errors") : "no check was exercised";
    return [element("p", { class: "verdict bad" }, `✗ ${connector} does not conform: ${why}.`), element("p", { class: "quiet" }, figures)];
  }
  const text = isSmoke || report.isPartial ? "passes these checks. They are not a proof of conformance: run all checks." : "conforms.";
  return [element("p", { class: "verdict good" }, `✓ ${connector} ${text}`), element("p", { class: "quiet" }, figures)];
}

export function mount(panel, bench) {
  panel.classList.add("results");
  const state = { number: 0, checks: [], results: [], replays: {}, report: null, error: "", isRunning: false, replaying: "" };
  const findings = new Map();
  let last = null; // the latest request to start, for "run again"
  let isCancelled = false;

  // --- the controls

  const checks = element("select", { id: "conformance-checks" });
  const profile = element("select", { id: "conformance-profile" });
  const again = element("input", { type: "checkbox", id: "conformance-again" });
  const run = element("button", { type: "button", class: "primary", disabled: true, onclick: () => start(null) }, "Run");
  const cancel = element("button", { type: "button", disabled: true, onclick: stop }, "Cancel");
  const save = element("button", { type: "button", hidden: true, onclick: download }, "Download the report");
  const problem = element("p", { class: "error", role: "alert", hidden: true });
  const progress = element("progress", { "aria-label": "Checks that have ended", hidden: true });
  const current = element("span", { class: "quiet" });
  const outcome = element("div", { role: "status" });
  const counts = element("p", { class: "counts" });
  const list = element("div");
  const rest = element("div");

  replace(
    panel,
    element(
      "div",
      { class: "controls" },
      labelled("Checks", checks),
      labelled("Examples", profile),
      run,
      cancel,
      element("label", { class: "choice" }, again, " Run again when a file changes"),
      save,
    ),
    problem,
    element("p", { class: "progress" }, progress, current),
    outcome,
    counts,
    element("h2", { class: "visually-hidden" }, "Results"),
    list,
    rest,
  );

  const attempt = (job) => showProblem(problem, job);

  async function showOptions() {
    const options = await bench.get("/api/conformance/options");
    const areas = [...new Set(options.checks.map((it) => it.area))];
    const chosen = checks.value;
    replace(
      checks,
      element("option", { value: "" }, `All ${options.checks.length} checks`),
      element("optgroup", { label: "Areas" }, areas.map((it) => element("option", { value: it }, it))),
      element("optgroup", { label: "Checks" }, options.checks.map((it) => element("option", { value: it.id }, it.id))),
    );
    checks.value = chosen;
    if (profile.options.length === 0) {
      replace(
        profile,
        options.profiles.map((it) =>
          element("option", { value: it.name, "data-smoke": it.isSmoke }, `${it.name}: ${it.isSmoke ? "the quick checks" : `about ${it.examples} each`}`),
        ),
      );
      profile.value = options.profile;
    }
    run.disabled = false;
  }

  // --- runs

  function start(replay) {
    last = { checks: checks.value ? [checks.value] : [], profile: profile.value, replay };
    return repeat();
  }

  function repeat() {
    isCancelled = false;
    if (last.replay === null) bench.announce("The run has started.");
    return attempt(() => bench.post("/api/conformance/start", last));
  }

  function stop() {
    isCancelled = state.replaying === "";
    return attempt(() => bench.post("/api/conformance/cancel", {}));
  }

  async function download() {
    await attempt(async () => {
      const { html } = await bench.get("/api/conformance/report");
      const url = URL.createObjectURL(new Blob([html], { type: "text/html" }));
      element("a", { href: url, download: `${bench.connector.id}-conformance.html` }).click();
      URL.revokeObjectURL(url);
    });
  }

  // --- results

  function finding(result) {
    if (!findings.has(result.id)) findings.set(result.id, new Finding(result, (it) => start(it.replay)));
    return findings.get(result.id);
  }

  function show(news) {
    const isNew = news.number !== state.number;
    const added = news.results;
    if (isNew) {
      findings.clear();
      replace(list);
    }
    const results = isNew ? added : [...state.results.slice(0, news.first), ...added];
    const hasEnded = news.report !== null && (isNew || state.report === null);
    Object.assign(state, news, { results });
    const isRun = state.isRunning && state.replaying === "";
    run.disabled = isRun;
    cancel.disabled = !state.isRunning;
    save.hidden = state.report === null;
    progress.hidden = !isRun;
    if (state.checks.length) {
      progress.max = state.checks.length;
      progress.value = results.length;
    } else progress.removeAttribute("value");
    current.textContent = !isRun ? "" : state.checks.length === 0 ? "starting" : `${results.length} of ${state.checks.length}`;
    const isSmoke = profile.selectedOptions[0]?.hasAttribute("data-smoke") ?? false;
    replace(outcome, ...verdict(bench.connector.id, { ...state, isRunning: isRun, isCancelled, isSmoke }));
    const kinds = [...new Set(results.map((it) => it.state))];
    if (!isRun) replace(counts);
    else replace(counts, kinds.flatMap((kind) => [badge(kind), ` ${results.filter((it) => it.state === kind).length} `]));
    list.append(...added.filter((it) => !FOLDED.includes(it.state)).map((it) => finding(it).node));
    if (hasEnded) groupByCause(results, state.report.causes);
    for (const [id, it] of findings) it.showReplay(state.replays[id], state.replaying === id);
    if (!isRun) {
      replace(rest, FOLDED.map((kind) => [kind, results.filter((it) => it.state === kind)]).filter(([, found]) => found.length).map(([kind, found]) => folded(kind, found)));
    } else replace(rest);
  }

  function groupByCause(results, causes) {
    const focused = document.activeElement;
    const grouped = new Map(Object.entries(causes).flatMap(([cause, ids]) => ids.map((id) => [id, { cause, ids }])));
    const nodes = [];
    const shown = new Set();
    for (const result of results.filter((it) => !FOLDED.includes(it.state))) {
      if (shown.has(result.id)) continue;
      const group = grouped.get(result.id);
      const ids = group?.ids ?? [result.id];
      for (const id of ids) shown.add(id);
      if (!group) nodes.push(finding(result).node);
      else {
        const others = ids.slice(1).map((id) => findings.get(id).node);
        nodes.push(
          element(
            "section",
            { class: "cause", "aria-label": `${ids.length} checks fail for one cause` },
            element("h3", {}, `${ids.length} checks fail for one cause`),
            element("p", { class: "reason", dir: "auto" }, group.cause),
            finding(result).node,
            element("details", {}, element("summary", {}, `The other ${plural(others.length, "check", "checks")}`), others),
          ),
        );
      }
    }
    replace(list, nodes);
    if (list.contains(focused)) focused.focus();
  }

  // --- what is new at the server: one request at a time, so that many events cost one

  let isAsking = false;
  let isOutdated = false;

  async function ask() {
    isOutdated = true;
    if (isAsking) return;
    isAsking = true;
    while (isOutdated) {
      isOutdated = false;
      await attempt(async () => show(await bench.post("/api/conformance/news", { number: state.number, known: state.results.length })));
    }
    isAsking = false;
  }

  bench.on("conformance", ask);
  bench.on("reload", () => {
    if (again.checked && last !== null) repeat();
    if (!run.disabled) attempt(showOptions);
  });

  // The list of checks needs the connector's process, which takes seconds to start: not before somebody looks at the panel.
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((it) => it.isIntersecting)) return;
    observer.disconnect();
    attempt(showOptions);
    ask();
  });
  observer.observe(panel);
}
