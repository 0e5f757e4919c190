// The panel Message: the usage type, language and payload of a message, and what its reader and the provider get.

import { ApiError } from "../api.js";
import { parse } from "../console_form.js";
import { element, replace } from "../dom.js";
import { latest } from "../timing.js";
import { choice, exchangeView, facts, failureView, frame, textBlock } from "../views.js";

export async function mount(panel, bench) {
  const offered = await bench.get("/api/message");
  const isEmail = bench.connector.type === "Email";

  const type = element(
    "select",
    { id: "message-type" },
    offered.types.map((it) => element("option", { value: it.type }, it.type)),
  );
  const locale = element("input", { id: "message-locale", list: "message-locales", autocomplete: "off", spellcheck: "false" });
  const payload = element("textarea", {
    id: "message-payload",
    class: "code",
    rows: 12,
    spellcheck: "false",
    "aria-describedby": "message-payload-error",
  });
  const payloadError = element("p", { class: "error", id: "message-payload-error" });
  const output = element("div", { class: "output", id: "message-output" });
  const about = element("div");
  const shown = { view: isEmail ? "html" : "text", width: "desktop", scheme: "light", images: false };
  let isPayloadEdited = false;
  let rendered = null;

  const views = isEmail
    ? [["html", "HTML"], ["text", "Text part"], ["source", "Source"], ["provider", "What the provider receives"]]
    : [["text", "Text"], ["provider", "What the provider receives"]];
  const images = element("input", { type: "checkbox", id: "message-images" });
  images.addEventListener("change", () => {
    shown.images = images.checked;
    update();
  });
  const appearance = element(
    "div",
    { class: "bars" },
    choice("Width", [["desktop", "Desktop"], ["phone", "Phone"]], "desktop", (it) => set({ width: it })),
    choice("Colours", [["light", "Light"], ["dark", "Dark"]], "light", (it) => set({ scheme: it })),
    element("span", { class: "choice" }, images, element("label", { for: "message-images" }, "Load remote images")),
  );

  panel.append(
    element(
      "div",
      { class: "columns reversed" },
      element(
        "div",
        { class: "beside" },
        element("h2", {}, "Message"),
        element("div", { class: "field" }, element("label", { class: "caption", for: "message-type" }, "Usage type"), type),
        element(
          "div",
          { class: "field" },
          element("label", { class: "caption", for: "message-locale" }, "Language (locale)"),
          locale,
          element("datalist", { id: "message-locales" }, offered.locales.map((it) => element("option", { value: it }))),
        ),
        element(
          "div",
          { class: "field" },
          element("label", { class: "caption", for: "message-payload" }, "Payload (JSON)"),
          payload,
          payloadError,
        ),
      ),
      element(
        "div",
        {},
        element("h2", {}, "As it arrives"),
        about,
        element("div", { class: "bars" }, choice("Show", views, shown.view, (it) => set({ view: it }))),
        isEmail ? appearance : null,
        output,
      ),
    ),
  );

  function example() {
    return offered.types.find((it) => it.type === type.value).payload;
  }

  function fill() {
    const { locale: language, ...rest } = example();
    if (locale.value === "" && !isPayloadEdited) locale.value = language ?? "";
    if (!isPayloadEdited) payload.value = JSON.stringify(rest, null, 2);
  }

  // The message without its recipient; `null` while the payload is not a JSON object.
  bench.message = () => {
    const { value, error } = parse(payload.value);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    payloadError.textContent = error ? `Not JSON: ${error}` : isObject ? "" : "Expected a JSON object.";
    payload.setAttribute("aria-invalid", String(!isObject));
    if (!isObject) return null;
    return { type: type.value, payload: locale.value === "" ? value : { ...value, locale: locale.value } };
  };
  bench.offered = offered;

  function set(change) {
    Object.assign(shown, change);
    show();
    if (change.view === "provider") update();
  }

  function show() {
    appearance.hidden = shown.view !== "html";
    if (rendered === null) return;
    const { email, sms, template, failure, calls, forwards, other } = rendered;
    replace(about, describe());
    if (failure !== undefined) return replace(output, failureView(failure));
    if (shown.view === "provider") {
      if (calls === undefined) return replace(output, element("p", { class: "quiet" }, "Sending to the stub…"));
      return replace(output, calls.length > 0 ? calls.map(exchangeView).flat() : element("p", {}, "The provider received nothing."));
    }
    if (forwards) return replace(output, element("p", {}, "The connector passes messages on and renders nothing itself. See what the provider receives."));
    if (other) return replace(output, element("p", {}, `The connector composes a Python ${other}. See what the provider receives.`));
    if (template) return replace(output, textBlock(JSON.stringify(template.variables, null, 2), "Variables of the template"));
    if (sms) return replace(output, textBlock(sms.content, "Text message"));
    if (shown.view === "source") return replace(output, textBlock(email.source, "Source"));
    if (shown.view === "text") return replace(output, email.text === null ? element("p", {}, "The message has no text part.") : textBlock(email.text, "Text part"));
    if (rendered.url === null) return replace(output, element("p", {}, "The message has no HTML part: its content type is text/plain."));
    return showFrame(rendered.url);
  }

  // The old document stays visible until the new one has loaded, so that nothing flickers while somebody types.
  function showFrame(url) {
    let box = output.querySelector(".frames");
    if (box === null) {
      box = element("div", { class: "frames" });
      replace(output, box);
    }
    box.className = `frames ${shown.width} ${shown.scheme}`;
    if (box.dataset.url === url) return;
    box.dataset.url = url;
    const next = frame(url, "The e-mail");
    next.addEventListener("load", () => {
      for (const old of box.querySelectorAll("iframe")) if (old !== next) old.remove();
      box.dataset.loaded = url;
    });
    box.append(next);
  }

  function describe() {
    const { email, sms, template, choice: chosen } = rendered;
    const pairs = [];
    if (email) pairs.push(["Subject", email.subject], ["From", email.send_from], ["Reply-To", email.reply_to]);
    if (sms) {
      pairs.push(
        ["Segments", `${sms.segments} (${sms.units} of ${sms.limit} places)`],
        ["Encoding", sms.outside_gsm.length ? `${sms.encoding}, because of ${sms.outside_gsm.join(" ")}` : sms.encoding],
      );
    }
    if (template) pairs.push(["Template at the provider", String(template.name)]);
    if (chosen) pairs.push(["Template", chosen]);
    return facts(pairs);
  }

  const update = latest(async (signal) => {
    const message = bench.message();
    if (message === null) return;
    const body = { config: bench.config(), message: { to: offered.recipient, ...message }, images: shown.images };
    try {
      const found = await bench.post("/api/message/preview", body, signal);
      rendered = { ...found, calls: rendered?.calls };
      show();
      if (shown.view !== "provider") return;
      const sent = await bench.post("/api/send/stub", { ...body, outcome: "accepted" }, signal);
      rendered = { ...found, ...sent };
      show();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      replace(output, element("p", { class: "error" }, error.message));
    }
  });

  type.addEventListener("change", () => {
    fill();
    update();
    bench.emit("message");
  });
  payload.addEventListener("input", () => {
    isPayloadEdited = true;
    update();
    bench.emit("message");
  });
  locale.addEventListener("input", () => {
    update();
    bench.emit("message");
  });
  bench.on("edit", update);
  bench.on("reload", update);
  fill();
  update();
}
