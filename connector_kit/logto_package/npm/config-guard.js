// The config guard: the verdict of the Python connector on its own keys, plus two keys for the host.

import { findIssues } from './json-schema.js';

export const ENDPOINT = 'hostEndpoint';
export const TOKEN = 'hostToken';

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** Returns the URL of the host without a trailing slash, or undefined if the text is not such a URL. */
export const readEndpoint = (text) => {
  if (!URL.canParse(text)) {
    return;
  }
  const { protocol, username, password, search, hash, origin, pathname } = new URL(text);
  const isUsable = ['http:', 'https:'].includes(protocol) && !(username || password || search || hash);
  // The lookbehind keeps the search linear in the number of slashes.
  return isUsable ? `${origin}${pathname.replace(/(?<!\/)\/+$/u, '')}` : undefined;
};

/** Returns the token without a pasted "Bearer", or undefined if the text is not valid in an HTTP header. */
export const readToken = (text) => /^\s*(?:bearer +)?(?<token>[\u0021-\u007E](?:[\u0020-\u007E]*[\u0021-\u007E])?)\s*$/iu.exec(text)?.groups.token;

const hostKeys = {
  [ENDPOINT]: {
    read: readEndpoint,
    message: 'expected the URL of the host, such as http://127.0.0.1:8085, without credentials, query or fragment',
  },
  [TOKEN]: { read: readToken, message: 'expected the token of the host, in printable ASCII characters' },
};

/** Separates the provider's part of a config from the keys for the host. */
export const splitConfig = (config) => {
  if (!isObject(config)) {
    return { config, host: {} };
  }
  const isForHost = ([key]) => Object.hasOwn(hostKeys, key);
  const entries = Object.entries(config);
  return {
    config: Object.fromEntries(entries.filter((entry) => !isForHost(entry))),
    host: Object.fromEntries(entries.filter(isForHost)),
  };
};

const findHostIssues = (host) =>
  Object.entries(host)
    .filter(([key, value]) => typeof value !== 'string' || hostKeys[key].read(value) === undefined)
    .map(([key]) => ({ path: [key], keyword: 'host', message: hostKeys[key].message }));

/** The error of the guard. Its issues have the same members as those of Logto's own guards. */
class ConfigGuardError extends Error {
  constructor(issues) {
    super('The config is not valid.');
    this.name = 'ConfigGuardError';
    this.issues = issues.map(({ path, keyword, message }) => ({ code: 'custom', path, message, params: { keyword } }));
  }
}

/**
 * Creates a guard with the methods that Logto calls.
 *
 * @param schemas The compiled config schema of the connector.
 */
export const createConfigGuard = (schemas) => {
  const safeParse = (value) => {
    const { config, host } = splitConfig(value);
    const issues = [...findHostIssues(host), ...findIssues(schemas, config)];
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
