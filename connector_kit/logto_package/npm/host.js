// The client of the host: one request, one response, one deadline. Its errors contain no secrets.

import { randomUUID } from 'node:crypto';
import { ConnectorError } from '@logto/connector-kit';

/** In milliseconds. Longer than the host's own deadline, so that its response arrives; shorter than Logto's limit. */
const DEADLINE = 14_800;

/** A user has the provider's raw data; the result of a message is an id. */
const MAX_RESPONSE_BYTES = { message: 65_536, signIn: 1_048_576 };

const GENERAL = 'general';

/** What a failure means for the user: of a message, and of a sign-in. */
const CONSEQUENCES = {
  message: {
    unknown: 'the message may or may not have been sent',
    nothing: 'nothing was sent',
    request: 'The message',
  },
  signIn: { unknown: 'start the sign-in again', nothing: 'try again later', request: 'The request' },
};

/** For each error code of the host itself: the code for Logto, and the message. */
const listHostErrors = ({ unknown, request }) => ({
  unauthorized: [GENERAL, 'The host rejected the token.'],
  forbidden: [GENERAL, 'The host rejected this client.'],
  not_found: [GENERAL, 'The host does not serve this connector.'],
  no_session: [GENERAL, 'The session of this sign-in was not found; start the sign-in again.'],
  too_large: ['invalid_request_parameters', `${request} is too large for the host.`],
  busy: ['rate_limit_exceeded', 'The host is busy; try again soon.'],
  timed_out: [GENERAL, `The provider did not respond in time; ${unknown}.`],
  internal: [GENERAL, 'The connector failed.'],
});

const UNEXPECTED = [GENERAL, 'The response is not one that a connector host sends; check the endpoint.'];

export const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** Reads the body of a response. Returns undefined if it is not a JSON object, or too large. */
const readBody = async (response, maxBytes) => {
  const chunks = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > maxBytes) {
      return;
    }
    chunks.push(chunk);
  }
  try {
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return isObject(body) ? body : undefined;
  } catch {}
};

/** The codes of errors that occur before the request is written: the connection or its certificate is missing. */
const NOT_SENT = new Set([
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Logto shows `errorDescription` of a general error to the user, instead of the JSON of the data. */
const createError = ([code, message], requestId) =>
  new ConnectorError(code, { message, requestId, errorDescription: `${message} Request id: ${requestId}` });

const explainFailure = (code, messages, hostErrors) => {
  if (typeof code === 'string' && Object.hasOwn(messages, code)) {
    return [code, messages[code]];
  }
  return typeof code === 'string' && Object.hasOwn(hostErrors, code) ? hostErrors[code] : UNEXPECTED;
};

/**
 * Sends a POST request to the host and returns the body of its response.
 *
 * `kind` is `message` or `signIn`. `messages` has the message for each error code of a connector: no text that the host sent
 * reaches a user. If the host reports an error that `errors` has, that one is thrown.
 * An error of `fetch` is dropped: it may contain the token and the message. Redirects are not followed: the token is for
 * one host only.
 */
export const callHost = async ({ endpoint, token, messages }, path, body, { kind = 'message', errors = new Map() } = {}) => {
  const consequence = CONSEQUENCES[kind];
  const requestId = randomUUID();
  const signal = AbortSignal.timeout(DEADLINE);
  let responseBody;
  let status;
  try {
    const response = await fetch(`${endpoint}${path}`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
        'X-Request-Id': requestId,
      },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal,
    });
    responseBody = await readBody(response, MAX_RESPONSE_BYTES[kind]);
    status = response.status;
  } catch (error) {
    if (signal.aborted) {
      throw createError([GENERAL, `The host did not respond in time; ${consequence.unknown}.`], requestId);
    }
    const message = NOT_SENT.has(error.cause?.code)
      ? `The host cannot be reached; ${consequence.nothing}.`
      : `The connection to the host was lost; ${consequence.unknown}.`;
    throw createError([GENERAL, message], requestId);
  }
  if (status !== 200) {
    const code = responseBody?.code;
    throw errors.get(code) ?? createError(explainFailure(code, messages, listHostErrors(consequence)), requestId);
  }
  if (!responseBody) {
    throw createError(UNEXPECTED, requestId);
  }
  return { body: responseBody, requestId };
};
