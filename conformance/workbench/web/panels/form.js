// The panel Form: the controls of Logto Console, with each issue at its field, and the config that they make.

import { ApiError } from "../api.js";
import {
  droppedKeys,
  hasPlaceholder,
  initialValues,
  isMasked,
  isShown,
  rejections,
  submittedConfig,
} from "../console_form.js";
import { element, replace } from "../dom.js";
import { latest } from "../timing.js";

const SAVED_SECRET = /^\[saved secret [0-9a-f]{16}\]$/;
const WHOLE_CONFIG = { key: "config", type: "Json", label: "Config" };
const MOST_ROWS = 24;

// For each type of control: makes its elements. `set` stores a value and reports the edit.
const CONTROLS = {
  Text: (field) => (isMasked(field.item) ? maskedInput(field) : textInput(field)),
  MultilineText: (field) => textArea(field, 5),
  Number: numberInput,
  Switch: switchInput,
  Select: selectInput,
  MultiSelect: checkBoxes,
  Json: jsonEditor,
};

function asText(value) {
  return value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
}

function attributes(field) {
  const { item, id } = field;
  return {
    id,
    "aria-describedby": `${id}-notes`,
    "aria-required": item.required ? "true" : null,
    placeholder: hasPlaceholder(item) ? item.placeholder : null,
    spellcheck: "false",
    autocomplete: "off",
  };
}

function textInput(field, type = "text") {
  const input = element("input", { ...attributes(field), type });
  input.value = asText(field.value);
  input.addEventListener("input", () => field.set(input.value));
  return [input];
}

// A secret that is saved stays as it is while its field is empty: the page has only a marker for it.
function maskedInput(field) {
  const [input] = textInput(field, "password");
  const marker = SAVED_SECRET.test(field.value) ? field.value : null;
  if (marker === null) return [input];
  input.value = "";
  input.placeholder = "••••••••  saved, unchanged";
  const remove = element("button", { type: "button", class: "small" }, "Remove the saved value");
  let isRemoved = false;
  const update = () => {
    field.set(input.value === "" && !isRemoved ? marker : input.value);
    input.placeholder = isRemoved ? (field.item.placeholder ?? "") : "••••••••  saved, unchanged";
    remove.textContent = isRemoved ? "Keep the saved value" : "Remove the saved value";
  };
  input.addEventListener("input", update);
  remove.addEventListener("click", () => {
    isRemoved = !isRemoved;
    update();
  });
  return [input, remove];
}

function textArea(field, rows) {
  const area = element("textarea", { ...attributes(field), rows });
  area.value = asText(field.value);
  area.addEventListener("input", () => field.set(area.value));
  return [area];
}

function numberInput(field) {
  const input = element("input", { ...attributes(field), type: "number", step: "any" });
  input.value = asText(field.value);
  input.addEventListener("input", () => field.set(input.valueAsNumber));
  return [input];
}

function switchInput(field) {
  const { item, id } = field;
  const input = element("input", { id, type: "checkbox", role: "switch", "aria-describedby": `${id}-notes` });
  input.checked = field.value === true;
  input.addEventListener("change", () => field.set(input.checked));
  return [element("span", { class: "choice" }, input, element("label", { for: id }, item.description || item.label))];
}

function selectInput(field) {
  const { item, id } = field;
  const options = item.selectItems ?? [];
  const select = element(
    "select",
    { id, "aria-describedby": `${id}-notes`, "aria-required": item.required ? "true" : null },
    options.some(({ value }) => value === field.value) ? null : element("option", { value: "" }, "Choose…"),
    options.map(({ value, title }) => element("option", { value }, title ?? value)),
  );
  select.value = options.some(({ value }) => value === field.value) ? field.value : "";
  select.addEventListener("change", () => field.set(select.value));
  return [select];
}

function checkBoxes(field) {
  const { item, id } = field;
  const chosen = new Set(Array.isArray(field.value) ? field.value : []);
  const boxes = (item.selectItems ?? []).map(({ value }, index) => {
    const input = element("input", { id: `${id}-${index}`, type: "checkbox" });
    input.checked = chosen.has(value);
    input.addEventListener("change", () => {
      if (input.checked) chosen.add(value);
      else chosen.delete(value);
      field.set([...chosen]);
    });
    return element("span", { class: "choice" }, input, element("label", { for: `${id}-${index}` }, value));
  });
  return [element("div", { role: "group", id, "aria-labelledby": `${id}-label` }, boxes)];
}

function jsonEditor(field) {
  const lines = asText(field.value ?? "{}").split("\n").length;
  const [area] = textArea({ ...field, value: field.value ?? "{}" }, Math.min(Math.max(lines, 5), MOST_ROWS));
  area.classList.add("code");
  return [area];
}

const CAPTION_IS_LABEL = new Set(["Text", "MultilineText", "Number", "Select", "Json"]);

function fieldElement(field) {
  const { item, id } = field;
  const isLabel = CAPTION_IS_LABEL.has(item.type);
  const caption = element(
    isLabel ? "label" : "span",
    { class: "caption", id: `${id}-label`, for: isLabel ? id : null },
    item.label,
    item.required && item.type !== "Switch" ? element("span", { class: "required" }, " (required)") : null,
    item.isDevFeature ? element("span", { class: "quiet" }, " (only with Logto's development features)") : null,
  );
  const description = item.type === "Switch" ? null : item.description;
  return element(
    "div",
    { class: "field", "data-key": item.key },
    caption,
    item.tooltip ? element("p", { class: "quiet" }, item.tooltip) : null,
    (CONTROLS[item.type] ?? textInput)(field),
    element(
      "div",
      { id: `${id}-notes` },
      description ? element("p", { class: "quiet" }, description) : null,
      element("ul", { class: "issues", id: `${id}-issues` }),
    ),
  );
}

function issueElement({ severity, path, message }, isPathShown) {
  return element(
    "li",
    { class: severity },
    element("strong", {}, severity === "error" ? "Error: " : "Warning: "),
    isPathShown ? element("code", {}, path) : null,
    isPathShown ? " " : null,
    message,
  );
}

function download(text, name) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  element("a", { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}

export async function mount(panel, bench) {
  const fields = element("form", { class: "fields", "aria-label": "Config", novalidate: true });
  const summary = element("p", { class: "summary" });
  const general = element("ul", { class: "issues" });
  const notice = element("div", { class: "notice", hidden: true });
  const json = element("pre", { class: "code", tabindex: 0, role: "region", "aria-label": "The config as JSON" });
  const saveButton = element("button", { type: "button", class: "primary", onclick: () => save() }, "Save");
  const copyButton = element("button", { type: "button", onclick: () => copy() }, "Copy");
  const downloadButton = element(
    "button",
    { type: "button", onclick: () => download(`${text()}\n`, `${bench.connector.id}.json`) },
    "Download",
  );
  const exampleButton = element("button", { type: "button", onclick: () => useExample() }, "Use the example config");
  const revertButton = element("button", { type: "button", onclick: () => revert() }, "Discard my edits");
  const saved = element("p", { class: "quiet" });

  panel.append(
    element(
      "div",
      { class: "columns" },
      element("div", {}, element("h2", {}, "Form in Logto Console"), notice, fields),
      element(
        "div",
        { class: "beside" },
        element("h2", {}, "Config"),
        summary,
        general,
        element("div", { class: "buttons" }, saveButton, copyButton, downloadButton, exampleButton, revertButton),
        saved,
        json,
      ),
    ),
  );
  fields.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });

  let form;
  let items;
  let values;
  let edited = new Set();

  function text() {
    return JSON.stringify(bench.config(), null, 2);
  }

  // The config that Console would submit; every panel uses it.
  bench.config = () => {
    const config = submittedConfig(items, values);
    return form.items === null ? config.config : config;
  };

  function startValues(config) {
    if (form.items !== null) return initialValues(items, config);
    return { config: config === null ? (form.template ?? "{}") : JSON.stringify(config, null, 2) };
  }

  function build() {
    const elements = items.map((item, index) =>
      fieldElement({
        item,
        id: `field-${index}`,
        value: values[item.key],
        set(value) {
          values[item.key] = value;
          edited.add(item.key);
          update();
        },
      }),
    );
    replace(fields, elements, element("button", { type: "submit", hidden: true }));
  }

  function accept(opened, { keep = false } = {}) {
    form = opened;
    items = form.items ?? [WHOLE_CONFIG];
    const kept = keep ? Object.fromEntries([...edited].map((key) => [key, values[key]])) : {};
    if (!keep) edited = new Set();
    values = { ...startValues(form.config), ...kept };
    notice.hidden = true;
    exampleButton.hidden = form.example === null;
    build();
    update();
  }

  function update() {
    for (const [index, item] of items.entries()) {
      fields.children[index].hidden = form.items !== null && !isShown(item, values);
    }
    json.textContent = text();
    revertButton.disabled = edited.size === 0;
    const file = bench.connector.configFile;
    const dropped = form.items === null ? [] : droppedKeys(items, form.config);
    saveButton.disabled = file === null;
    saved.textContent = [
      file === null ? "To save, start connector-kit dev with --config FILE." : `Saves to ${file}.`,
      SAVED_ANYWHERE.test(json.textContent) ? "Saved secrets stay in the file: this page, Copy and Download have markers for them." : "",
      dropped.length > 0 ? `Console does not have these keys and drops them on save: ${dropped.join(", ")}.` : "",
    ].join(" ");
    bench.emit("edit");
    check();
  }

  function show(issues) {
    const shown = new Map(items.map((item, index) => [form.items === null ? "" : item.key, index]));
    const byField = new Map();
    const rest = [];
    for (const issue of issues) {
      const index = form.items === null ? 0 : shown.get(issue.location[0]);
      const isVisible = index !== undefined && !fields.children[index].hidden;
      if (isVisible) byField.set(index, [...(byField.get(index) ?? []), issue]);
      else rest.push(issue);
    }
    for (const [index, item] of items.entries()) {
      const own = byField.get(index) ?? [];
      const isPathShown = item.type === "Json";
      replace(fields.querySelector(`#field-${index}-issues`), own.map((it) => issueElement(it, isPathShown)));
      const control = fields.querySelector(`#field-${index}`);
      control.setAttribute("aria-invalid", String(own.some(({ severity }) => severity === "error")));
    }
    replace(general, rest.map((it) => issueElement(it, true)));
    const errors = issues.filter(({ severity }) => severity === "error").length;
    const warnings = issues.length - errors;
    const counts = [count(errors, "error"), count(warnings, "warning")].filter(Boolean).join(", ");
    const verdict = errors > 0 ? `Logto rejects this config: ${counts}.` : `Logto accepts this config${counts ? `, with ${counts}` : ""}.`;
    summary.className = `summary ${errors > 0 ? "error" : warnings > 0 ? "warning" : "good"}`;
    if (summary.textContent !== verdict) bench.announce(verdict);
    summary.textContent = verdict;
  }

  const check = latest(async (signal) => {
    const rejected = Object.entries(rejections(form.items === null ? [WHOLE_CONFIG] : items, values)).map(
      ([key, message]) => ({ severity: "error", path: `$.${key}`, location: [key], message }),
    );
    try {
      const { issues } = await bench.post("/api/form/check", { config: bench.config() }, signal);
      const file = form.error === null ? [] : [{ severity: "error", path: "$", location: [], message: form.error }];
      const isKnown = (issue) => issue.keyword === "required" && rejected.some(({ path }) => path === issue.path);
      show([...file, ...rejected, ...issues.filter((issue) => !isKnown(issue))]);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      show([{ severity: "error", path: "$", location: [], message: error.message }]);
    }
  });

  function tell(message, ...buttons) {
    replace(notice, element("p", {}, message), buttons);
    notice.hidden = false;
    bench.announce(message);
  }

  async function save() {
    if (bench.connector.configFile === null) return;
    try {
      accept(await bench.post("/api/form/save", { config: bench.config() }));
      tell(`Saved to ${bench.connector.configFile}.`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      tell(`Not saved. ${error.message}`);
    }
  }

  async function copy() {
    await navigator.clipboard.writeText(text());
    bench.announce("Copied.");
    copyButton.textContent = "Copied";
    setTimeout(() => (copyButton.textContent = "Copy"), 1500);
  }

  function useExample() {
    values = startValues(form.example);
    edited = new Set(items.map(({ key }) => key));
    build();
    update();
    tell("This is the example of the connector's declaration. Its secrets are made up.");
  }

  async function revert() {
    accept(await bench.get("/api/form"));
  }

  // The same form stays as it is, with the focus and what somebody is typing.
  async function reload() {
    try {
      const opened = await bench.get("/api/form");
      if (JSON.stringify(opened) === JSON.stringify(form)) update();
      else accept(opened, { keep: true });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      tell(error.message);
    }
  }

  bench.on("reload", reload);
  bench.on("config-changed", async () => {
    if (edited.size === 0) return reload();
    const load = element("button", { type: "button", onclick: revert }, "Load the file");
    tell("The file has changed. Your edits are still here; saving overwrites the file.", load);
  });

  accept(await bench.get("/api/form"));
}

const SAVED_ANYWHERE = /\[saved secret [0-9a-f]{16}\]/;

function count(number, noun) {
  return number === 0 ? "" : `${number} ${noun}${number === 1 ? "" : "s"}`;
}
