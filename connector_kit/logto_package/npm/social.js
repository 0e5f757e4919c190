// The methods of a social connector. The session's values go to the host, and those that the connector stores come back.

import { ConnectorError } from '@logto/connector-kit';
import { isObject } from './host.js';

const invalid = (expected) =>
  new ConnectorError('invalid_response', { message: `The host did not return ${expected}.` });

/**
 * Reads the session. Many connectors need none, and Logto has none for some requests, so its error is thrown only if the
 * connector reads the session.
 */
const readSession = async (getSession) => {
  try {
    return { session: await getSession() };
  } catch (error) {
    return { error };
  }
};

const readUser = ({ userInfo }) => {
  if (!isObject(userInfo) || typeof userInfo.id !== 'string') {
    throw invalid('a user');
  }
  return userInfo;
};

const readTokens = ({ tokenResponse }) => {
  if (!isObject(tokenResponse)) {
    throw invalid('tokens');
  }
  return tokenResponse;
};

/** Stores the sessions in Logto, in the order in which the connector did, and returns the address. */
const follow = async ({ redirectTo, sessions }, setSession) => {
  if (typeof redirectTo !== 'string' || !Array.isArray(sessions) || !sessions.every(isObject)) {
    throw invalid('an address');
  }
  for (const session of sessions) {
    // One after another, because Logto may merge them.
    await setSession(session);
  }
  return redirectTo;
};

/**
 * Creates the methods that Logto calls.
 *
 * @param hostedId The connector's id in the host. To the connector it is also the id of its factory, whatever the id in Logto.
 * @param call Sends a request to the host: `call(operation, request, errors)`; `errors` maps codes of the host to errors.
 */
export const createSocialMethods = (hostedId, call) => {
  const callWithSession = async (operation, request, getSession) => {
    const { session, error } = await readSession(getSession);
    return call(operation, { ...request, session }, new Map([['no_session', error]]));
  };

  return {
    getAuthorizationUri: async ({ state, redirectUri, connectorId, jti, headers, scope }, setSession) => {
      const userAgent = headers?.userAgent;
      const request = { state, redirectUri, connectorId, connectorFactoryId: hostedId, jti, userAgent, scope };
      return follow(await call('authorization-uri', { request }), setSession);
    },
    getUserInfo: async (data, getSession) =>
      readUser(await callWithSession('user-info', { data: data ?? null }, getSession)),
    getTokenResponseAndUserInfo: async (data, getSession) => {
      const body = await callWithSession('token-response-and-user-info', { data: data ?? null }, getSession);
      return { userInfo: readUser(body), ...(body.tokenResponse !== undefined && { tokenResponse: readTokens(body) }) };
    },
    getAccessTokenByRefreshToken: async (refreshToken) =>
      readTokens(await call('access-token-by-refresh-token', { refreshToken })),
    validateSamlAssertion: async (assertion, getSession, setSession) =>
      follow(await callWithSession('validate-saml-assertion', { assertion }, getSession), setSession),
  };
};
