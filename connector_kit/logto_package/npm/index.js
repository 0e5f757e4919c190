// A Logto connector that is written in Python and runs in a host: this package is its face in Logto.
// Written by `connector-kit package`; write it again rather than change it.

import { readFileSync } from 'node:fs';
import { ConnectorError } from '@logto/connector-kit';
import { ENDPOINT, TOKEN, createConfigGuard, readEndpoint, readToken, splitConfig } from './config-guard.js';
import { callHost } from './host.js';

const ENDPOINT_VARIABLE = 'LOGTO_CONNECTOR_HOST_ENDPOINT';
const TOKEN_VARIABLE = 'LOGTO_CONNECTOR_HOST_TOKEN';

const connector = JSON.parse(readFileSync(new URL('connector.json', import.meta.url), 'utf8'));
const configGuard = createConfigGuard(connector.configSchemas);

/**
 * Says where the host is: the config comes first, then the environment.
 *
 * The token of the environment goes to the endpoint of the environment alone. Otherwise, whoever may edit the config
 * in Console could have it sent anywhere.
 */
const findHost = (settings) => {
  const { [ENDPOINT_VARIABLE]: knownEndpoint, [TOKEN_VARIABLE]: knownToken } = process.env;
  const endpoint = readEndpoint(settings[ENDPOINT] ?? knownEndpoint ?? '');
  const token = readToken(settings[TOKEN] ?? (Object.hasOwn(settings, ENDPOINT) ? '' : knownToken ?? ''));
  if (endpoint === undefined) {
    throw new ConnectorError('invalid_config', {
      message: `There is no host endpoint: give it in the config, or in ${ENDPOINT_VARIABLE}.`,
    });
  }
  if (token === undefined) {
    throw new ConnectorError('invalid_config', {
      message: `There is no host token: give it in the config with the endpoint, or both in the environment.`,
    });
  }
  return { endpoint, token };
};

const readConfig = (value) => {
  const { success, error } = configGuard.safeParse(value);
  if (!success) {
    throw new ConnectorError('invalid_config', { issues: error.issues });
  }
  const { config, host } = splitConfig(value);
  return { config, host: findHost(host) };
};

/** Asks Logto for the template that it manages; whatever goes wrong, the config's own are there to fall back on. */
const findTemplate = async (getI18nEmailTemplate, { type, payload }) => {
  if (connector.type !== 'Email' || !getI18nEmailTemplate) {
    return null;
  }
  try {
    return (await getI18nEmailTemplate(type, payload?.locale)) ?? null;
  } catch {
    return null;
  }
};

const pathOf = (operation) => `/connectors/${encodeURIComponent(connector.hostedId)}/${operation}`;

const createConnector = async ({ getConfig, getI18nEmailTemplate }) => {
  const readSavedConfig = async () => readConfig(await getConfig(connector.metadata.id));

  const sendMessage = async (data, inputConfig) => {
    const { config, host } = inputConfig === undefined ? await readSavedConfig() : readConfig(inputConfig);
    const template = await findTemplate(getI18nEmailTemplate, data);
    const { to, type, payload, ip } = data;
    const { answer, requestId } = await callHost(host, pathOf('send-message'), {
      data: { to, type, payload, ...(ip && { ip }) },
      config,
      ...(template && { template }),
    });
    return answer.result ?? { requestId };
  };

  const getUsage = async (startFrom) => {
    const { config, host } = await readSavedConfig();
    const { answer } = await callHost(host, pathOf('usage'), { config, ...(startFrom && { startFrom }) });
    if (!Number.isInteger(answer.usage)) {
      throw new ConnectorError('invalid_response', { message: 'The host of the connector told no usage.' });
    }
    return answer.usage;
  };

  return {
    type: connector.type,
    metadata: connector.metadata,
    configGuard,
    sendMessage,
    ...(connector.tellsUsage && { getUsage }),
  };
};

export default createConnector;
