// Elements that several panels show: the frame of an e-mail, an error as each reader sees it, texts with a caption.

import { element } from "./dom.js";

export function frame(url, title) {
  return element("iframe", { src: url, sandbox: "", title, referrerpolicy: "no-referrer", class: "mail" });
}

export function textBlock(text, label) {
  return element("pre", { tabindex: 0, role: "region", "aria-label": label }, text);
}

export function facts(pairs) {
  return element(
    "dl",
    { class: "facts" },
    pairs
      .filter(([, value]) => value !== null && value !== undefined && value !== "")
      .map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))),
  );
}

export function failureView({ endUser, operator, developer }) {
  return element(
    "div",
    { class: "failure" },
    element("h3", {}, "What Logto's end user sees"),
    element("p", {}, `${endUser.message} (HTTP status ${endUser.status})`),
    element("h3", {}, "What the operator's log has"),
    textBlock(JSON.stringify(operator, null, 2), "Log"),
    element("h3", {}, "What the developer sees"),
    element("p", { class: "error" }, developer.error),
    developer.hint ? element("p", { class: "quiet" }, developer.hint) : null,
    element("details", {}, element("summary", {}, "Traceback"), textBlock(developer.traceback, "Traceback")),
  );
}

export function exchangeView({ request, response }) {
  return [
    element("h3", {}, "Request"),
    textBlock(request, "Request"),
    element("h3", {}, "Response of the stub"),
    textBlock(response, "Response"),
  ];
}

let groups = 0;

// Radio buttons that look like one bar. Calls back with the chosen value.
export function choice(label, options, chosen, onChange) {
  const name = `choice-${(groups += 1)}`;
  return element(
    "fieldset",
    { class: "bar" },
    element("legend", {}, label),
    options.map(([value, title]) => {
      const id = `${name}-${value}`;
      const input = element("input", { type: "radio", name, id, value });
      input.checked = value === chosen;
      input.addEventListener("change", () => onChange(value));
      return element("span", { class: "choice" }, input, element("label", { for: id }, title));
    }),
  );
}
