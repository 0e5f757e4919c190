// The panel Sign-in: a sign-in through the stub of the provider, step by step.

import { ApiError, showProblem } from "../api.js";
import { element, replace } from "../dom.js";
import { failureView, textBlock } from "../views.js";

// Narrow pages show rows as blocks, which then need their roles.
function table(label, parameters) {
  const cell = (name, ...content) => element("td", { role: "cell", "data-label": name, dir: "auto" }, ...content);
  return element(
    "table",
    { role: "table", "aria-label": label },
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ["Parameter", "Value", "Meaning"].map((it) => element("th", { role: "columnheader", scope: "col" }, it)))),
    element(
      "tbody",
      { role: "rowgroup" },
      parameters.map(({ name, value, meaning }) =>
        element(
          "tr",
          { role: "row" },
          element("th", { role: "rowheader", scope: "row" }, element("code", {}, name)),
          cell("Value", element("code", {}, typeof value === "string" ? value : JSON.stringify(value))),
          cell("Meaning", meaning),
        ),
      ),
    ),
  );
}

function json(label, value) {
  return [element("h3", {}, label), textBlock(JSON.stringify(value, null, 2), label)];
}

function happened({ session, exchanges, log, failure }, moment) {
  return [
    failure ? failureView(failure) : null,
    ...exchanges.map((it, index) =>
      element(
        "details",
        {},
        element("summary", {}, `Request ${index + 1} to the provider: ${it.request.split("\n", 1)[0]}`),
        element("h3", {}, "Request"),
        textBlock(it.request, `Request ${index + 1}`),
        element("h3", {}, "Response of the stub"),
        textBlock(it.response, `Response ${index + 1}`),
      ),
    ),
    ...json(`Session that Logto keeps ${moment}`, session),
    ...(log ? [element("h3", {}, "Log of the connector"), textBlock(log, `Log of the connector ${moment}`)] : []),
  ];
}

export function mount(panel, bench) {
  panel.classList.add("results");
  const scope = element("input", { id: "sign-in-scope", autocomplete: "off", spellcheck: "false", placeholder: "none" });
  const outcome = element("select", { id: "sign-in-outcome" });
  const start = element("button", { type: "submit", class: "primary", disabled: true }, "Request the authorization URI");
  const problem = element("p", { class: "error", role: "alert", hidden: true });
  const steps = element("div", { role: "status" });

  const form = element(
    "form",
    { class: "controls", "aria-label": "Sign-in" },
    element("div", { class: "field" }, element("label", { for: scope.id }, "Scope that Logto adds"), scope),
    element("div", { class: "field" }, element("label", { for: outcome.id }, "Responses of the stub"), outcome),
    start,
  );
  replace(
    panel,
    element("p", { class: "quiet" }, "With the config of the panel Form. The stub replaces the provider; made-up secrets replace those of the config, and each is shown by its name."),
    form,
    problem,
    steps,
  );

  const attempt = (job) => showProblem(problem, job);

  function step(number, title, ...content) {
    while (steps.children.length >= number) steps.lastChild.remove();
    const heading = element("h2", { tabindex: -1 }, `${number}. ${title}`);
    steps.append(element("section", { class: "step", "aria-label": title }, heading, ...content));
    heading.focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!start.disabled) attempt(request);
  });

  async function request() {
    const sent = await bench.post("/api/sign_in/start", { config: bench.config(), scope: scope.value });
    const buttons = element(
      "div",
      { class: "buttons" },
      element("button", { type: "button", class: "primary", onclick: () => attempt(() => consent("agrees")) }, "The user agrees"),
      element("button", { type: "button", onclick: () => attempt(() => consent("declines")) }, "The user declines"),
    );
    step(
      1,
      "Logto sends the browser to the provider",
      sent.uri === undefined ? null : [element("p", {}, element("code", {}, sent.address)), table("Parameters of the authorization URI", sent.parameters)],
      happened(sent, "before the browser leaves"),
      sent.uri === undefined ? null : buttons,
    );
  }

  async function consent(answer) {
    const { callback, rejected } = await bench.post("/api/sign_in/consent", { answer });
    step(
      2,
      "The provider sends the browser back",
      rejected === undefined
        ? [
            table("Parameters of the callback", callback),
            element("button", { type: "button", class: "primary", onclick: () => attempt(finish) }, "Return to Logto"),
          ]
        : element("p", { class: "error" }, `The provider shows an error page: ${rejected}`),
    );
  }

  async function finish() {
    const sent = await bench.post("/api/sign_in/finish", { outcome: outcome.value });
    step(
      3,
      "The connector returns the user",
      element("p", { class: "quiet" }, "Logto calls ", element("code", {}, sent.method), "."),
      sent.user === undefined ? null : json("User", sent.user),
      sent.tokens === undefined ? null : json("Tokens that Logto stores", sent.tokens),
      happened(sent, "after the sign-in"),
    );
  }

  async function showOptions() {
    const { outcomes, stubError } = await bench.get("/api/sign_in/options");
    if (stubError !== null) throw new ApiError(`The connector has no stub of its provider. ${stubError}`);
    const chosen = outcome.value;
    replace(
      outcome,
      outcomes.map(({ name, family }) => element("option", { value: name }, name === "accepted" ? name : `${name} (${family})`)),
    );
    if (outcomes.some((it) => it.name === chosen)) outcome.value = chosen;
    start.disabled = false;
  }

  bench.on("reload", () => {
    replace(steps);
    if (!start.disabled) attempt(showOptions);
  });
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((it) => it.isIntersecting)) return;
    observer.disconnect();
    attempt(showOptions);
  });
  observer.observe(panel);
}
