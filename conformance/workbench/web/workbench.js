// The page: its tabs, and what the panels share. A panel is a module in panels/ with `mount(element, bench)`.

import { ApiError, get, listen, post } from "./api.js";
import { element, replace } from "./dom.js";

const byId = (id) => document.getElementById(id);

function makeBench(connector) {
  const listeners = new Map();
  return {
    connector,
    post,
    get,
    // Calls back with the data of each event of that name: of the server, or of `emit`.
    on(event, callback) {
      listeners.set(event, [...(listeners.get(event) ?? []), callback]);
    },
    emit(event, data) {
      for (const callback of listeners.get(event) ?? []) callback(data);
    },
    // Says a sentence to screen readers.
    announce(text) {
      byId("announcer").textContent = text;
    },
    // The config that Console would submit, with markers for saved secrets. The form panel sets this function, and emits
    // "edit" after each change.
    config: () => ({}),
  };
}

function select(tabs, chosen, { focus = true } = {}) {
  for (const tab of tabs) {
    const isChosen = tab === chosen;
    tab.setAttribute("aria-selected", String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
    byId(tab.getAttribute("aria-controls")).hidden = !isChosen;
  }
  if (focus) chosen.focus();
  sessionStorage.setItem("panel", chosen.id);
}

function moveFocus(tabs, event) {
  const at = tabs.indexOf(event.target);
  const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  select(tabs, tabs[(next + tabs.length) % tabs.length]);
}

async function showPanels(bench) {
  const tabs = bench.connector.panels.map(({ id, title }) =>
    element("button", { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}` }, title),
  );
  for (const tab of tabs) {
    tab.addEventListener("click", () => select(tabs, tab));
    tab.addEventListener("keydown", (event) => moveFocus(tabs, event));
  }
  const panels = bench.connector.panels.map(({ id }) =>
    element("section", { role: "tabpanel", id: `panel-${id}`, "aria-labelledby": `tab-${id}`, tabindex: 0 }),
  );
  replace(byId("tabs"), tabs);
  replace(byId("panels"), panels);
  const remembered = tabs.find((tab) => tab.id === sessionStorage.getItem("panel"));
  select(tabs, remembered ?? tabs[0], { focus: false });
  const modules = await Promise.all(bench.connector.panels.map(({ id }) => import(`./panels/${id}.js`)));
  for (const [index, { mount }] of modules.entries()) await mount(panels[index], bench);
}

function showHeader(connector) {
  document.title = `${connector.id} – workbench`;
  byId("name").textContent = connector.name.en;
  const file = connector.configFile === null ? "no config file" : connector.configFile;
  byId("about").textContent = `${connector.type} connector ${connector.id} · ${file}`;
}

function showError(message) {
  replace(byId("tabs"));
  replace(byId("panels"), element("p", { class: "error", role: "alert" }, message));
}

async function show() {
  try {
    const bench = makeBench(await get("/api/connector"));
    showHeader(bench.connector);
    await showPanels(bench);
    return bench;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    showError(error.message);
    return null;
  }
}

let bench = await show();
document.documentElement.dataset.ready = "true";

async function reload() {
  if (bench === null) {
    bench = await show();
    return;
  }
  bench.emit("reload");
  bench.announce("The connector was loaded again.");
}

function showConnection(isConnected) {
  byId("connection").hidden = isConnected;
  byId("connection").textContent = isConnected ? "" : "Not connected. Is connector-kit dev still running?";
}

listen("/api/events", (name, data) => (name === "reload" ? reload() : bench?.emit(name, data)), showConnection);
