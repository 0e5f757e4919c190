// Runs Logto's own loader and its HTTP connectors for the Python tests. Each line on stdin is a request, such as
// {"op": "…", "with": {…}, "cases": [{…}, …]}; each line on stdout is its response: {"answers": [{…}, …]}.

import { createInterface } from 'node:readline';
import { inspect } from 'node:util';
import { buildRawConnector, loadConnectorFactories } from '@logto/cli/lib/connector/index.js';
import { getConnectorPackagesFromDirectory } from '@logto/cli/lib/utils.js';
import createHttpEmailConnector from '@logto/connector-http-email';
import createHttpSmsConnector from '@logto/connector-http-sms';
import * as kit from '@logto/connector-kit';

/** The output of the loader. Stdout is reserved for responses. */
const printed = [];
for (const method of ['debug', 'error', 'info', 'log', 'warn']) {
  console[method] = (...parts) => printed.push(parts.join(' '));
}

/** Encodes an error with hidden members and causes, as a log or a debugger would show it. */
const encodeError = (error) => ({
  $throws: error instanceof kit.ConnectorError ? 'ConnectorError' : error?.name ?? typeof error,
  code: error?.code ?? null,
  data: error?.data ?? null,
  all: inspect(error, { depth: 30, showHidden: true, maxStringLength: null, maxArrayLength: null }),
});

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const unused = async () => {
  throw new Error('The driver has no saved config.');
};

const httpConnectors = { email: createHttpEmailConnector, sms: createHttpSmsConnector };

let factories = [];

const findFactory = (id) => {
  const found = factories.find(({ metadata }) => metadata.id === id);
  if (!found) {
    throw new Error(`Logto's loader has not loaded ${id}.`);
  }
  return found;
};

const templates = {
  none: async () => undefined,
  raises: async () => {
    throw new Error('No template today.');
  },
};

const originalTimeout = AbortSignal.timeout;
const originalFetch = globalThis.fetch;

/** Builds a connector as Logto's core does for each message, and sends a message. */
const send = async ({ id, speed }, { config, saved, data, template, environment, fetchFails }) => {
  Object.assign(process.env, environment);
  if (fetchFails) {
    // As Node.js: the error of a failed request has the reason as its cause.
    globalThis.fetch = async () => {
      throw new TypeError('fetch failed', { cause: Object.assign(new Error(`Failed: ${data}`), { code: fetchFails }) });
    };
  }
  const calls = [];
  const timeouts = [];
  AbortSignal.timeout = (milliseconds) => {
    timeouts.push(milliseconds);
    return originalTimeout.call(AbortSignal, milliseconds / (speed ?? 1));
  };
  try {
    const { rawConnector } = await buildRawConnector(
      findFactory(id),
      async (connectorId) => {
        calls.push(connectorId);
        return JSON.parse(saved);
      },
      undefined,
      template &&
        (async (...parameters) => {
          calls.push(parameters);
          return templates[template] ? templates[template]() : JSON.parse(template);
        })
    );
    const { sendMessage } = rawConnector;
    const result = await sendMessage(JSON.parse(data), config && JSON.parse(config));
    return { result, calls, timeouts };
  } finally {
    AbortSignal.timeout = originalTimeout;
    globalThis.fetch = originalFetch;
    for (const name of Object.keys(environment ?? {})) {
      delete process.env[name];
    }
  }
};

/** Calls a method of a social connector as Logto's core does. Without a session, `getSession` throws as in Logto. */
const callSocial = async ({ id }, { method, saved, value, session, setSessionFails }) => {
  const stored = [];
  const fail = () => {
    throw Object.assign(new Error('from Logto'), { code: 'session.connector_validation_session_not_found' });
  };
  const getSession = async () => (session === undefined ? fail() : JSON.parse(session));
  const setSession = async (values) => (setSessionFails ? fail() : stored.push(values));
  const functions = {
    getAuthorizationUri: [setSession],
    getUserInfo: [getSession],
    getTokenResponseAndUserInfo: [getSession],
    getAccessTokenByRefreshToken: [],
    validateSamlAssertion: [getSession, setSession],
  };
  const { rawConnector } = await buildRawConnector(findFactory(id), async () => JSON.parse(saved));
  const result = await rawConnector[method](value && JSON.parse(value), ...functions[method]);
  return { result, stored };
};

const operations = {
  social: callSocial,
  load: async (_, { directory }) => {
    factories = await loadConnectorFactories(await getConnectorPackagesFromDirectory(directory), false);
    return {
      printed: printed.splice(0),
      factories: factories.map(({ metadata, type }) => ({ metadata, type })),
    };
  },
  send,
  usage: async ({ id }, { saved, startFrom }) => {
    const { rawConnector } = await buildRawConnector(findFactory(id), async () => JSON.parse(saved));
    return { usage: await rawConnector.getUsage(startFrom && new Date(startFrom)) };
  },
  methods: async ({ id }) => {
    const { rawConnector } = await buildRawConnector(findFactory(id), unused);
    return Object.keys(rawConnector).sort();
  },
  verdict: ({ id }, { value }) => findFactory(id).configGuard.safeParse(JSON.parse(value)).success,
  issues: ({ id }, { value }) => findFactory(id).configGuard.safeParse(JSON.parse(value)).error.issues,
  validate: ({ id }, { value }) => {
    kit.validateConfig(JSON.parse(value), findFactory(id).configGuard);
    return 'accepted';
  },
  parse: async ({ id }, { value }) => {
    const { configGuard } = findFactory(id);
    return [configGuard.parse(JSON.parse(value)), await configGuard.parseAsync(JSON.parse(value))];
  },
  parseAsync: async ({ id }, { value }) => findFactory(id).configGuard.parseAsync(JSON.parse(value)),
  verdictAsync: async ({ id }, { value }) => (await findFactory(id).configGuard.safeParseAsync(JSON.parse(value))).success,
  metadata: ({ id }) => kit.connectorMetadataGuard.safeParse(findFactory(id).metadata).success,
  // The result is the whole response of `got`.
  http: async ({ kind, endpoint, authorization }, { data }) => {
    const connector = await httpConnectors[kind]({ getConfig: unused });
    const { statusCode, body } = await connector.sendMessage(JSON.parse(data), { endpoint, authorization });
    return { status: statusCode, body: JSON.parse(body) };
  },
};

const runCase = async (request, oneCase) => {
  try {
    return (await operations[request.op](request.with, oneCase)) ?? null;
  } catch (error) {
    return encodeError(error);
  }
};

for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
  const request = JSON.parse(line);
  const answers = [];
  // Cases run one after another, unless `together` starts the others after so many milliseconds.
  for (const [index, oneCase] of request.cases.entries()) {
    const pending = runCase(request, oneCase);
    answers.push(request.with.together ? pending : await pending);
    if (request.with.together && index === 0) {
      await sleep(request.with.together);
    }
  }
  process.stdout.write(`${JSON.stringify({ answers: await Promise.all(answers) })}\n`);
}
