// Calls the host: one request, one answer, within a time limit; and no secret in anything that it throws.

import { randomUUID } from 'node:crypto';
import { ConnectorError } from '@logto/connector-kit';

/** In milliseconds: longer than the host's own limit, so that its answer arrives, and less than Logto's patience. */
const TIME_LIMIT = 14_800;

const LONGEST_ANSWER = 65_536;

const GENERAL = 'general';

/** What the connector behind the host may answer, in words of our own: nothing that the host wrote reaches a user. */
const CONNECTOR_MESSAGES = {
  [GENERAL]: 'The message could not be sent.',
  invalid_metadata: 'The connector is not usable.',
  unexpected_type: 'The connector is not usable.',
  invalid_config_guard: 'The connector is not usable.',
  invalid_request_parameters: 'The connector cannot send this message.',
  insufficient_request_parameters: 'The connector cannot send this message.',
  invalid_config: 'The config of the connector is not valid.',
  invalid_certificate: 'The connector has no usable certificate.',
  invalid_response: 'The provider refused the message.',
  template_not_found: 'There is no template for this message.',
  template_not_supported: 'There is no template for this message.',
  rate_limit_exceeded: 'Too many messages at this moment; try again soon.',
  usage_limit_exceeded: 'The quota of messages is used up.',
  not_implemented: 'The connector cannot do this.',
  social_auth_code_invalid: 'The provider refused the message.',
  social_invalid_access_token: 'The provider refused the message.',
  social_invalid_id_token: 'The provider refused the message.',
  authorization_failed: 'The provider refused the message.',
};

/** What the host itself may answer, and the code that Logto gets for it. */
const HOST_ANSWERS = {
  unauthorized: [GENERAL, 'The host of the connector refused the token.'],
  forbidden: [GENERAL, 'The host of the connector refused this client.'],
  not_found: [GENERAL, 'The host does not serve this connector.'],
  too_large: ['invalid_request_parameters', 'The message is too large for the host of the connector.'],
  busy: ['rate_limit_exceeded', 'The host of the connector is busy; try again soon.'],
  timed_out: [GENERAL, 'The provider did not answer in time; the message may or may not have been sent.'],
  internal: [GENERAL, 'The connector failed.'],
};

const UNEXPECTED = [GENERAL, 'The host of the connector gave an answer that is not one of its own.'];

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** Reads an answer, but not without end. Returns undefined where it is no JSON object. */
const readAnswer = async (response) => {
  const chunks = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > LONGEST_ANSWER) {
      return;
    }
    chunks.push(chunk);
  }
  try {
    const answer = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return isObject(answer) ? answer : undefined;
  } catch {}
};

const failure = ([code, message], requestId) => new ConnectorError(code, { message, requestId });

const failureOf = (answer, requestId) => {
  const code = answer?.code;
  if (typeof code === 'string') {
    if (Object.hasOwn(CONNECTOR_MESSAGES, code)) {
      return failure([code, CONNECTOR_MESSAGES[code]], requestId);
    }
    if (Object.hasOwn(HOST_ANSWERS, code)) {
      return failure(HOST_ANSWERS[code], requestId);
    }
  }
  return failure(UNEXPECTED, requestId);
};

/**
 * Posts to the host and returns its answer.
 *
 * What `fetch` throws is dropped: it may hold the token and the message. Redirects are not followed: the token is
 * meant for one host.
 */
export const callHost = async ({ endpoint, token }, path, body) => {
  const requestId = randomUUID();
  const signal = AbortSignal.timeout(TIME_LIMIT);
  let answer;
  let isAccepted = false;
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
    answer = await readAnswer(response);
    isAccepted = response.status === 200;
  } catch {
    throw failure(
      signal.aborted
        ? [GENERAL, 'The host of the connector did not answer in time; the message may or may not have been sent.']
        : [GENERAL, 'The host of the connector cannot be reached.'],
      requestId
    );
  }
  if (isAccepted && answer) {
    return { answer, requestId };
  }
  throw isAccepted ? failure(UNEXPECTED, requestId) : failureOf(answer, requestId);
};
