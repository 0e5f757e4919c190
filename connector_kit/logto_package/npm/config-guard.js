// The config guard: the connector's own verdict on the connector's own keys, and two more keys for the host.

import { findIssues } from './json-schema.js';

export const ENDPOINT = 'hostEndpoint';
export const TOKEN = 'hostToken';

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** Returns the URL of the host without a slash at its end, or undefined where the text is no address of a host. */
export const readEndpoint = (text) => {
  if (!URL.canParse(text)) {
    return;
  }
  const { protocol, username, password, search, hash, origin, pathname } = new URL(text);
  const isUsable = ['http:', 'https:'].includes(protocol) && !(username || password || search || hash);
  return isUsable ? `${origin}${pathname.replace(/\/+$/u, '')}` : undefined;
};

/** Returns the token alone, though pasted with the word before it, or undefined where it cannot stand in a header. */
export const readToken = (text) => /^\s*(?:bearer +)?(?<token>[\u0021-\u007E](?:[\u0020-\u007E]*[\u0021-\u007E])?)\s*$/iu.exec(text)?.groups.token;

const tests = {
  [ENDPOINT]: {
    holds: (value) => typeof value === 'string' && readEndpoint(value) !== undefined,
    message: 'expected the URL of the host, such as http://127.0.0.1:8085',
  },
  [TOKEN]: {
    holds: (value) => typeof value === 'string' && readToken(value) !== undefined,
    message: 'expected the token of the host, in printable ASCII',
  },
};

/** Takes a config apart: what is for the provider, and what is for the host. */
export const splitConfig = (config) => {
  if (!isObject(config)) {
    return { config, host: {} };
  }
  const isForHost = ([key]) => Object.hasOwn(tests, key);
  const entries = Object.entries(config);
  return {
    config: Object.fromEntries(entries.filter((entry) => !isForHost(entry))),
    host: Object.fromEntries(entries.filter(isForHost)),
  };
};

/** The error of a guard, in the form in which Logto's own guards give it. */
class ConfigGuardError extends Error {
  constructor(issues) {
    super('The config is not valid.');
    this.name = 'ConfigGuardError';
    this.issues = issues.map(({ path, keyword, message }) => ({ code: 'custom', path, message, params: { keyword } }));
  }
}

/**
 * Makes a guard with the methods by which Logto calls one.
 *
 * @param schemas The compiled schema of the connector's config.
 */
export const createConfigGuard = (schemas) => {
  const safeParse = (value) => {
    const { config, host } = splitConfig(value);
    const issues = [
      ...Object.entries(host)
        .filter(([key, member]) => !tests[key].holds(member))
        .map(([key]) => ({ path: [key], keyword: 'host', message: tests[key].message })),
      ...findIssues(schemas, config),
    ];
    return issues.length === 0 ? { success: true, data: value } : { success: false, error: new ConfigGuardError(issues) };
  };
  const parse = (value) => {
    const { success, data, error } = safeParse(value);
    if (!success) {
      throw error;
    }
    return data;
  };
  return {
    safeParse,
    parse,
    safeParseAsync: async (value) => safeParse(value),
    parseAsync: async (value) => parse(value),
  };
};
