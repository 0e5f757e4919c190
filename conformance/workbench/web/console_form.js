// What Logto Console's config form does with a connector's form items and a config: which values its controls start
// with, which of them it shows, which it rejects, and the config that it submits. No page is needed to use it.

const TEXT_CONTROLS = new Set(["Text", "MultilineText", "Number"]);

export const isMasked = (item) => item.type === "Text" && (item.isConfidential ?? /(Key|Secret)$/.test(item.key));

export const hasPlaceholder = (item) => TEXT_CONTROLS.has(item.type);

function fallback(item) {
  return { Json: {}, MultiSelect: [] }[item.type];
}

// The values of the controls, by key: of a new form from its defaults, else from the config.
export function initialValues(items, config) {
  return Object.fromEntries(
    items.map((item) => {
      const value = config === null ? item.defaultValue : (config[item.key] ?? fallback(item));
      return [item.key, item.type === "Json" ? JSON.stringify(value, null, 2) : value];
    }),
  );
}

// A hidden item keeps its value, which is submitted, too.
export function isShown(item, values) {
  return (item.showConditions ?? []).every(({ targetKey, expectValue }) => values[targetKey] === expectValue);
}

export function parse(text) {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { error: error.message };
  }
}

const isEmpty = (value) => value === undefined || value === null || value === "" || Number.isNaN(value);

// Why Console does not submit the form: by key, a sentence. Hidden items are not looked at.
export function rejections(items, values) {
  const found = {};
  for (const item of items.filter((it) => isShown(it, values))) {
    const value = values[item.key];
    if (item.type === "Json" && (typeof value !== "string" || parse(value).error !== undefined)) {
      found[item.key] = `Console does not submit the form: this is not JSON. ${parse(value ?? "").error}`;
    } else if (item.required && item.type !== "Switch" && isEmpty(value)) {
      found[item.key] = "Console does not submit the form: this field is required.";
    }
  }
  return found;
}

function submittedValue(item, value) {
  if (item.type === "Number") return Number(value);
  if (item.type === "Json") return parse(typeof value === "string" ? value : "").value ?? {};
  return value;
}

// The config that Console submits: without empty texts and without numbers that are not numbers.
export function submittedConfig(items, values) {
  const config = {};
  for (const item of items) {
    const value = values[item.key];
    if (value === undefined || value === "" || Number.isNaN(value)) continue;
    config[item.key] = submittedValue(item, value);
  }
  return config;
}

// The keys of a config that are not in the form: Console drops them when it saves.
export function droppedKeys(items, config) {
  const keys = new Set(items.map((item) => item.key));
  return Object.keys(config ?? {}).filter((key) => !keys.has(key));
}
