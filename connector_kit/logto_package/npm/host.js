// The client of the host: one request, one response, one deadline. Its errors contain no secrets.

import { randomUUID } from 'node:crypto';
import { ConnectorError } from '@logto/connector-kit';

/** In milliseconds. Longer than the host's own deadline, so that its response arrives; shorter than Logto's limit. */
const DEADLINE = 14_800;

const MAX_RESPONSE_BYTES = 65_536;

const GENERAL = 'general';

/** For each error code of the host itself: the code for Logto, and the message. */
const HOST_ERRORS = {
  unauthorized: [GENERAL, 'The host rejected the token.'],
  forbidden: [GENERAL, 'The host rejected this client.'],
  not_found: [GENERAL, 'The host does not serve this connector.'],
  too_large: ['invalid_request_parameters', 'The message is too large for the host.'],
  busy: ['rate_limit_exceeded', 'The host is busy; try again soon.'],
  timed_out: [GENERAL, 'The provider did not respond in time; the message may or may not have been sent.'],
  internal: [GENERAL, 'The connector failed.'],
};

const UNREACHABLE = [GENERAL, 'The host cannot be reached; nothing was sent.'];
const LOST = [GENERAL, 'The connection to the host was lost; the message may or may not have been sent.'];
const TIMED_OUT = [GENERAL, 'The host did not respond in time; the message may or may not have been sent.'];
const UNEXPECTED = [GENERAL, 'The response is not one that a connector host sends; check the endpoint.'];

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** Reads the body of a response. Returns undefined if it is not a JSON object, or too large. */
const readBody = async (response) => {
  const chunks = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_RESPONSE_BYTES) {
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

const explainFailure = (code, messages) => {
  if (typeof code === 'string' && Object.hasOwn(messages, code)) {
    return [code, messages[code]];
  }
  return typeof code === 'string' && Object.hasOwn(HOST_ERRORS, code) ? HOST_ERRORS[code] : UNEXPECTED;
};

/**
 * Sends a POST request to the host and returns the body of its response.
 *
 * `messages` has the message for each error code of a connector: no text that the host sent reaches a user.
 * An error of `fetch` is dropped: it may contain the token and the message. Redirects are not followed: the token is for
 * one host only.
 */
export const callHost = async ({ endpoint, token, messages }, path, body) => {
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
    responseBody = await readBody(response);
    status = response.status;
  } catch (error) {
    if (signal.aborted) {
      throw createError(TIMED_OUT, requestId);
    }
    throw createError(NOT_SENT.has(error.cause?.code) ? UNREACHABLE : LOST, requestId);
  }
  if (status !== 200) {
    throw createError(explainFailure(responseBody?.code, messages), requestId);
  }
  if (!responseBody) {
    throw createError(UNEXPECTED, requestId);
  }
  return { body: responseBody, requestId };
};
