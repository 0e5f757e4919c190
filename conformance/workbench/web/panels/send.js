// The panel Send: to the stub of the provider, whose inbox it lists, or after a confirmation to the provider.

import { ApiError } from "../api.js";
import { element, replace } from "../dom.js";
import { exchangeView, facts, failureView, frame, textBlock } from "../views.js";

const MOST_MESSAGES = 50;

export async function mount(panel, bench) {
  const { outcomes, recipient, stubError } = bench.offered;
  const to = element("input", { id: "send-to", value: recipient, autocomplete: "off", spellcheck: "false" });
  const outcome = element(
    "select",
    { id: "send-outcome", "aria-describedby": "send-outcome-note" },
    outcomes.map(({ name, family }) => element("option", { value: name }, name === "accepted" ? name : `${name} (${family})`)),
  );
  const summary = element("p", { class: "quiet" });
  const toStub = element("button", { type: "submit", class: "primary" }, "Send to the stub");
  const toProvider = element("button", { type: "button" }, "Send a real message…");
  const result = element("div", { role: "status", "aria-live": "polite" });
  const inbox = element("ol", { class: "inbox" });
  const opened = element("div", { class: "opened" });
  const empty = element("p", { class: "quiet" }, "Nothing yet.");
  const question = element("p", { id: "send-question" });
  const confirm = element("button", { type: "button", class: "primary" });
  const dialog = element(
    "dialog",
    { "aria-labelledby": "send-question" },
    question,
    element("p", {}, "It leaves this machine, and the provider may charge for it."),
    element(
      "div",
      { class: "buttons" },
      element("button", { type: "button", onclick: () => dialog.close() }, "Cancel"),
      confirm,
    ),
  );

  panel.append(
    element(
      "div",
      { class: "columns reversed" },
      element(
        "form",
        { class: "beside", "aria-label": "Send" },
        element("h2", {}, "Send"),
        summary,
        element("div", { class: "field" }, element("label", { class: "caption", for: "send-to" }, "Recipient"), to),
        element(
          "div",
          { class: "field", hidden: stubError !== null },
          element("label", { class: "caption", for: "send-outcome" }, "Response of the stub"),
          outcome,
          element("p", { class: "quiet", id: "send-outcome-note" }, "Choose a failure to see who learns what about it."),
        ),
        stubError === null ? null : element("p", { class: "warning" }, `The connector has no stub of its provider. ${stubError}`),
        element("div", { class: "buttons" }, toStub, toProvider),
        result,
      ),
      element("div", {}, element("h2", {}, "What the stub has received"), empty, inbox, opened),
    ),
    dialog,
  );
  toStub.disabled = stubError !== null;

  function describe() {
    const message = bench.message();
    summary.textContent =
      message === null
        ? "The payload in the panel Message is not a JSON object."
        : `The ${message.type} message of the panel Message, with the config of the panel Form.`;
    return message === null ? null : { to: to.value, ...message };
  }

  async function send(path, more) {
    const message = describe();
    if (message === null) return null;
    replace(result, element("p", {}, "Sending…"));
    toStub.disabled = toProvider.disabled = true;
    try {
      const sent = await bench.post(path, { config: bench.config(), message, ...more });
      showResult(sent);
      return { sent, message };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      replace(result, element("p", { class: "error" }, error.message));
      return null;
    } finally {
      toStub.disabled = stubError !== null;
      toProvider.disabled = false;
    }
  }

  function showResult({ result: returned, failure, blocked = [] }) {
    replace(
      result,
      failure === undefined
        ? element("p", { class: "good" }, `Sent. The connector returned ${returned}.`)
        : failureView(failure),
      blocked.length > 0
        ? element("p", { class: "warning" }, `The connector tried to reach ${blocked.join(", ")}, which was blocked.`)
        : null,
    );
  }

  panel.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (toStub.disabled) return;
    const done = await send("/api/send/stub", { outcome: outcome.value });
    for (const call of done?.sent.calls ?? []) add(call, done.message.type);
  });

  function add(call, type) {
    empty.hidden = true;
    const time = new Date().toLocaleTimeString();
    const title = call.subject || call.text || call.template || "A request without a message";
    const open = element(
      "button",
      { type: "button", "aria-expanded": "false" },
      element("strong", {}, title.slice(0, 120)),
      element("span", {}, [call.to.length > 0 ? ` to ${call.to.join(", ")}` : "", type, time].join(" · ")),
      call.outcome === "accepted" ? null : element("span", { class: "warning" }, ` · not accepted: ${call.outcome}`),
    );
    open.addEventListener("click", () => openMessage(call, open));
    inbox.prepend(element("li", {}, open));
    while (inbox.children.length > MOST_MESSAGES) inbox.lastChild.remove();
    openMessage(call, open);
  }

  async function openMessage(call, button) {
    for (const other of inbox.querySelectorAll("button")) other.setAttribute("aria-expanded", String(other === button));
    const url = call.html === null ? null : (await bench.post("/api/send/preview", { html: call.html })).url;
    replace(
      opened,
      facts([
        ["To", call.to.join(", ")],
        ["From", call.sender],
        ["Subject", call.subject],
        ["Template at the provider", call.template],
      ]),
      url === null ? null : element("div", { class: "frames desktop light" }, frame(url, "The e-mail in the inbox")),
      ...(call.text ? [element("h3", {}, "Text"), textBlock(call.text, "Text")] : []),
      exchangeView(call),
    );
  }

  toProvider.addEventListener("click", () => {
    const message = describe();
    if (message === null || message.to === "") return;
    question.textContent = `Send a real ${message.type} message to ${message.to}?`;
    confirm.textContent = `Send to ${message.to}`;
    confirm.onclick = async () => {
      dialog.close();
      await send("/api/send/provider", { confirmedRecipient: message.to });
    };
    dialog.showModal();
  });
  bench.on("message", describe);
  describe();
}
