// Drives the official packages for the Python tests. One request a line on stdin, one answer a line on stdout:
// {"op": "…", "with": {…}, "cases": [{…}, …]} is answered by {"answers": [{…}, …]}, one for each case.
// Values travel as JSON text inside the request, so that every number, key and lone surrogate arrives as written.

import { createInterface } from 'node:readline';
import createAwsSesConnector from '@logto/connector-aws-ses';
import * as kit from '@logto/connector-kit';
import { languages } from '@logto/language-kit';
import ajv2020 from 'ajv/dist/2020.js';

const Ajv2020 = ajv2020.default ?? ajv2020;

/** Makes a value fit for JSON without losing what JSON has no form for. */
const encode = (value) => {
  if (value === undefined) {
    return { $: 'undefined' };
  }
  if (typeof value === 'function') {
    return { $: 'function' };
  }
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) {
    return { $: Object.is(value, -0) ? '-0' : String(value) };
  }
  if (Array.isArray(value)) {
    return value.map((item) => encode(item));
  }
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .map(([key, member]) => [key, encode(member)])
    );
  }
  return value;
};

const encodeError = (error) => ({
  $throws: error instanceof kit.ConnectorError ? 'ConnectorError' : error?.name ?? typeof error,
  ...(error instanceof kit.ConnectorError && {
    code: error.code,
    data: encode(error.data),
    message: error.message,
  }),
});

const unused = async () => {
  throw new Error('This driver keeps no saved config.');
};

const sesConnector = await createAwsSesConnector({ getConfig: unused });

const findGuard = (name) => {
  if (name === 'GoogleConnector.configGuard') {
    return kit.GoogleConnector.configGuard;
  }
  return name === 'awsSesConfigGuard' ? sesConnector.configGuard : kit[name];
};

const validators = new Map();

/** Compiles a schema once, in Ajv's default, strict mode. */
const findValidator = (schema) => {
  if (!validators.has(schema)) {
    validators.set(schema, new Ajv2020().compile(JSON.parse(schema)));
  }
  return validators.get(schema);
};

const isPlainData = (value) => value === null || !['function', 'object'].includes(typeof value) || Array.isArray(value);

/** The data of a namespace such as an enum or GoogleConnector: everything in it but its guards. */
const dump = (value) =>
  isPlainData(value)
    ? value
    : Object.fromEntries(
        Object.entries(value)
          .filter(([, member]) => typeof member?.safeParse !== 'function')
          .map(([key, member]) => [key, dump(member)])
      );

const isNamespace = (value) =>
  value !== null &&
  typeof value === 'object' &&
  !(value instanceof RegExp) &&
  typeof value.safeParse !== 'function';

/** Sends one message with the official Amazon SES connector to the endpoint that the request names. */
const sendWithSes = async ({ endpoint }, { config, saved, data, i18n }) => {
  process.env.AWS_ENDPOINT_URL_SESV2 = endpoint;
  const connector = await createAwsSesConnector({
    getConfig: saved ? async () => JSON.parse(config) : unused,
    getI18nEmailTemplate:
      i18n === null
        ? undefined
        : async () => {
            if (i18n === 'raises') {
              throw new Error('No template today.');
            }
            return i18n === 'none' ? undefined : JSON.parse(i18n);
          },
  });
  return connector.sendMessage(JSON.parse(data), saved ? undefined : JSON.parse(config));
};

const operations = {
  verdict: ({ guard }, { value }) => findGuard(guard).safeParse(JSON.parse(value)).success,
  parse: ({ guard }, { value }) => {
    const result = findGuard(guard).safeParse(JSON.parse(value));
    return result.success ? { value: result.data } : { refused: true };
  },
  ajv: ({ schema }, { value }) => findValidator(schema)(JSON.parse(value)),
  render: (_, { template, payload }) =>
    kit.replaceSendMessageHandlebars(template, JSON.parse(payload)),
  getValue: (_, { object, path }) => kit.getValue(JSON.parse(object), path),
  route: (_, { type, config }) => kit.getConfigTemplateByType(type, JSON.parse(config)),
  stripHeaderControlChars: (_, { value }) => kit.stripHeaderControlChars(value),
  sanitizeMailboxDisplayName: (_, { value }) => kit.sanitizeMailboxDisplayName(value),
  sanitizeMailboxAddress: (_, { value }) => kit.sanitizeMailboxAddress(value),
  formatMailbox: (_, { email, name }) => kit.formatMailbox(email, name ?? undefined),
  parseSendFrom: (_, { value, email, name }) => kit.parseSendFrom(value, email, name ?? undefined),
  parseJson: (_, { text }) => kit.parseJson(text),
  parseJsonObject: (_, { text }) => kit.parseJsonObject(text),
  connectorError: (_, { code, data }) => {
    const error = new kit.ConnectorError(code, data === null ? undefined : JSON.parse(data));
    return { message: error.message, code: error.code, data: error.data };
  },
  isGoogleOneTap: (_, { data }) => kit.isGoogleOneTap(JSON.parse(data)),
  isExternalGoogleOneTap: (_, { data }) => kit.isExternalGoogleOneTap(JSON.parse(data)),
  urlRegEx: (_, { value }) => kit.urlRegEx.test(value),
  accessToken: ({ endpoint }, { clientId, clientSecret, refreshToken, path }) =>
    kit.getAccessTokenByRefreshToken(
      { clientId, clientSecret, tokenEndpoint: endpoint + path },
      refreshToken
    ),
  send: sendWithSes,
  names: () => Object.keys(kit).sort(),
  constants: () =>
    Object.fromEntries(
      Object.entries(kit)
        .filter(([, value]) => isNamespace(value) || typeof value === 'string')
        .map(([name, value]) => [name, dump(value)])
    ),
  languages: () => Object.keys(languages),
  prototypes: (_, { names }) => ({
    object: names.filter((name) => Object.hasOwn(Object.prototype, name)),
    array: names.filter((name) => name !== 'length' && Object.hasOwn(Array.prototype, name)),
  }),
};

const answer = async (request, oneCase) => {
  try {
    return encode(await operations[request.op](request.with, oneCase));
  } catch (error) {
    return encodeError(error);
  }
};

for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
  const request = JSON.parse(line);
  const answers = [];
  for (const oneCase of request.cases) {
    // One after the other: what a send puts on the wire is told apart by its order.
    answers.push(await answer(request, oneCase));
  }
  process.stdout.write(`${JSON.stringify({ answers })}\n`);
}
