// Runs one connector package for the conformance suite: `node driver.mjs FOLDER`, where FOLDER is the package's folder.
//
// Each line is one JSON object. On stdin, from Python:
//   {id, op: one of `operations`, …}                    a request
//   {call, value | none | raises}                       the result of a callback
// On stdout, to Python:
//   {id, result, changed} | {id, error, changed}        the response to a request, in any order
//   {id, call, name, arguments}                         a callback: the connector called getConfig, getSession or another
//   {log: text}                                         the connector printed a text
//   {blocked: text}                                     the connector tried to open a socket or look a name up

import { AsyncLocalStorage } from 'node:async_hooks';
import dgram from 'node:dgram';
import dns from 'node:dns';
import net from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { syncBuiltinESMExports } from 'node:module';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';

const inspectDepth = 4;
const jsonDepth = 500; // Python cannot read JSON that is nested much deeper.
const loopback = ['localhost', '127.0.0.1', '::1'];
const write = process.stdout.write.bind(process.stdout);
const send = (message) => write(`${JSON.stringify(message)}\n`);

/** The request that the running code belongs to; the latest request where Node.js has lost the context. */
const requests = new AsyncLocalStorage();
let latest = { allowed: [], hosts: [], environment: {}, passed: [] };
const currentRequest = () => requests.getStore() ?? latest;

// --- output of the connector -----------------------------------------------------------------------------------------

for (const stream of [process.stdout, process.stderr]) {
  stream.write = (chunk, encoding, done) => {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    send({ log: text });
    const callback = typeof encoding === 'function' ? encoding : done;
    if (callback) {
      process.nextTick(callback);
    }
    return true;
  };
}

// --- the network: only the stub can be reached -----------------------------------------------------------------------

const block = (address) => {
  send({ blocked: address });
  return Object.assign(new Error(`The conformance suite blocks sockets to ${address}.`), {
    code: 'ECONNREFUSED',
    syscall: 'connect',
  });
};

const isAllowed = (host, port) =>
  currentRequest().allowed.some(
    ([allowedHost, allowedPort]) =>
      allowedPort === Number(port) &&
      (allowedHost === host || (loopback.includes(allowedHost) && loopback.includes(host)))
  );

/** Returns the stub's address, if the host is one of the real provider's. */
const redirection = (host) => {
  const { allowed, hosts } = currentRequest();
  return hosts.some((pattern) => matches(pattern, host)) ? allowed[0] : undefined;
};

/** Returns whether a host name is `name`, or is below it where that is `*.name`. */
const matches = (name, host) =>
  name.startsWith('*.') ? host.toLowerCase().endsWith(name.slice(1)) : name === host.toLowerCase();

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  // Node.js passes its arguments in an array, other callers as net.Socket documents it.
  const all = Array.isArray(given[0]) ? given[0] : given;
  const [first, second] = all;
  const options = typeof first === 'object' && first !== null ? first : { port: first, host: second };
  const isPath = Boolean(options.path) || (typeof first === 'string' && Number.isNaN(Number(first)));
  const host = typeof options.host === 'string' && options.host !== '' ? options.host : 'localhost';
  if (!isPath && isAllowed(host, options.port)) {
    return connect.apply(this, given);
  }
  const address = isPath ? undefined : redirection(host);
  if (address) {
    // TLS still verifies the name that the connector has connected to, which is in options of its own.
    const done = all.filter((it) => typeof it === 'function');
    return connect.call(this, { ...options, host: address[0], port: address[1] }, ...done);
  }
  const error = block(isPath ? `the path ${options.path ?? first}` : `${host} port ${options.port}`);
  process.nextTick(() => this.destroy(error));
  return this;
};

const sendDatagram = dgram.Socket.prototype.send;
dgram.Socket.prototype.send = function (...given) {
  // (message, [offset, length,] [port,] [address,] [callback])
  const rest = given.slice(1).filter((it) => typeof it !== 'function');
  const address = rest.find((it) => typeof it === 'string') ?? 'localhost';
  const port = rest.filter((it) => typeof it === 'number').at(-1);
  if (isAllowed(address, port)) {
    return sendDatagram.apply(this, given);
  }
  const error = block(`${address} port ${port}`);
  const callback = given.at(-1);
  process.nextTick(() => (typeof callback === 'function' ? callback(error) : this.emit('error', error)));
};

/** Allows lookups that need no name server, such as the one of net.connect for localhost, and blocks others. */
const lookUp = (original) =>
  function (host, ...rest) {
    if (original !== undefined && (!host || loopback.includes(host) || net.isIP(host) !== 0)) {
      return original.call(this, host, ...rest);
    }
    const error = block(String(host));
    const done = rest.at(-1);
    if (typeof done !== 'function') {
      return Promise.reject(error);
    }
    process.nextTick(() => done(error));
  };

for (const module of [dns, dns.promises, dns.Resolver.prototype, dns.promises.Resolver.prototype]) {
  for (const name of Object.getOwnPropertyNames(module).filter((it) => /^(lookupService|resolve|reverse)/.test(it))) {
    module[name] = lookUp(undefined);
  }
}
dns.lookup = lookUp(dns.lookup);
dns.promises.lookup = lookUp(dns.promises.lookup);
syncBuiltinESMExports();

// --- values for Python -----------------------------------------------------------------------------------------------

/** Returns whether JSON represents a value completely. */
const isPlain = (value, depth = 0) => {
  if (depth > jsonDepth) {
    return false;
  }
  if (value === null || typeof value === 'string' || typeof value === 'boolean') {
    return true;
  }
  if (typeof value === 'number') {
    return Number.isFinite(value);
  }
  if (Array.isArray(value)) {
    return value.every((item) => isPlain(item, depth + 1));
  }
  const prototype = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined;
  return (
    (prototype === null || prototype === Object.prototype) &&
    Object.values(value).every((item) => isPlain(item, depth + 1))
  );
};

const show = (value) => {
  try {
    return inspect(value, { depth: inspectDepth });
  } catch {
    return String(value?.name ?? typeof value);
  }
};

const toJson = (value) => {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
};

/** Returns the JSON form of a value, or undefined where JSON cannot represent it. */
const viaJson = (value) => {
  const text = toJson(value);
  const parsed = text === undefined ? undefined : JSON.parse(text);
  return isPlain(parsed) ? parsed : undefined;
};

/** Encodes the result of a call: as JSON, as nothing, or as the text that a host would print. */
const encodeResult = (value) => {
  if (value === undefined) {
    return {};
  }
  return isPlain(value)
    ? { value }
    : { object: { name: String(value?.constructor?.name ?? typeof value), text: show(value) } };
};

/** Encodes a user or tokens as Logto stores them: without members that are undefined. */
const encodeStored = (value) => encodeResult(viaJson(value) ?? value);

const tokens = new WeakMap();

const isConnectorError = (error) => {
  for (let it = error; it instanceof Error && it !== Error.prototype; it = Object.getPrototypeOf(it)) {
    if (it.name === 'ConnectorError' || it.constructor?.name === 'ConnectorError') {
      return typeof error.code === 'string';
    }
  }
  return false;
};

const encodeError = (error) => {
  const token = typeof error === 'object' && error !== null ? tokens.get(error) : undefined;
  const isError = error instanceof Error;
  return {
    ...(token && { token }),
    name: String((isError ? (error.name === 'Error' ? error.constructor?.name : error.name) : undefined) ?? typeof error),
    message: isError ? String(error.message) : show(error),
    text: show(error),
    ...(isConnectorError(error) && {
      code: error.code,
      // Logto sends it as JSON. Python gets the printed text where JSON cannot represent it.
      ...(error.data !== undefined &&
        (viaJson(error.data) === undefined ? { unprintable: show(error.data) } : { data: viaJson(error.data) })),
    }),
  };
};

// --- the connector ---------------------------------------------------------------------------------------------------

const folder = path.resolve(process.argv[2]);

const loadFactory = async () => {
  // Like Logto's loader: this file's default export, or the `default` of that in a transpiled CommonJS file.
  const { default: loaded } = await import(pathToFileURL(path.join(folder, 'lib', 'index.js')).href);
  const factory = typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : loaded;
  if (typeof factory !== 'function') {
    throw new TypeError('The default export of lib/index.js must be a function.');
  }
  return factory;
};

let factory;
const createConnector = async (options) => {
  factory ??= loadFactory();
  return (await factory)(options);
};

const noConfig = async () => {
  throw new Error('The driver has no saved config.');
};

const pendingCalls = new Map();
let calls = 0;

/** Calls a function in Python for the current request, and remembers the result to detect changes to it. */
const callPython = async (name, given) => {
  const { id, passed } = currentRequest();
  return new Promise((resolve, reject) => {
    calls += 1;
    pendingCalls.set(calls, { resolve, reject, passed });
    send({ id, call: calls, name, arguments: given.map((it) => viaJson(it) ?? null) });
  });
};

/** Logto's functions for the session of the sign-in that the current request belongs to. */
const getSession = async () => callPython('getSession', []);
const setSession = async (session) => {
  await callPython('setSession', [session]);
};

const settleCall = ({ call, value, none, raises }) => {
  const { resolve, reject, passed } = pendingCalls.get(call);
  pendingCalls.delete(call);
  if (raises) {
    const { token, name, message } = raises;
    const error = Object.assign(new Error(message), { name });
    tokens.set(error, token);
    reject(error);
    return;
  }
  passed.push({ name: call, value, before: toJson(value) });
  resolve(none ? undefined : value);
};

const setEnvironment = (variables) => {
  for (const name of Object.keys(latest.environment).filter((it) => !(it in variables))) {
    delete process.env[name];
  }
  Object.assign(process.env, variables);
};

const connectors = new Map();

/** Returns the connector of an instance in Python; a new process creates it again. */
const connectorOf = ({ instance, managed }) => {
  if (!connectors.has(instance)) {
    connectors.set(
      instance,
      createConnector({
        getConfig: async (...given) => callPython('getConfig', given),
        ...(managed && {
          getI18nEmailTemplate: async (type, locale) => callPython('getI18nEmailTemplate', [type, locale]),
        }),
      })
    );
  }
  return connectors.get(instance);
};

const operations = {
  describe: async () => {
    const connector = await createConnector({ getConfig: noConfig });
    const methods = Object.keys(connector).filter((name) => typeof connector[name] === 'function');
    return {
      value: {
        type: connector.type ?? null,
        metadata: connector.metadata ?? null,
        isGuarded: typeof connector.configGuard?.safeParse === 'function',
        methods: methods.sort(),
      },
    };
  },
  validate: async ({ config }) => {
    const connector = await createConnector({ getConfig: noConfig });
    const { success, error } = connector.configGuard.safeParse(config);
    const issues = success ? [] : error.issues.map(({ path: at, code, message }) => ({ path: at, code, message }));
    return { value: { isValid: success, issues } };
  },
  create: async (request) => {
    await connectorOf(request);
    return {};
  },
  send: async (request) => {
    const connector = await connectorOf(request);
    return encodeResult(await connector.sendMessage(request.data, request.config));
  },
  authorizationUri: async (request) => {
    const connector = await connectorOf(request);
    return encodeResult(await connector.getAuthorizationUri(request.data, setSession));
  },
  userInfo: async (request) => {
    const connector = await connectorOf(request);
    return encodeStored(await connector.getUserInfo(request.data, getSession));
  },
  tokensAndUserInfo: async (request) => {
    const connector = await connectorOf(request);
    return encodeStored(await connector.getTokenResponseAndUserInfo(request.data, getSession));
  },
  refresh: async (request) => {
    const connector = await connectorOf(request);
    return encodeStored(await connector.getAccessTokenByRefreshToken(request.data));
  },
  samlAssertion: async (request) => {
    const connector = await connectorOf(request);
    return encodeResult(await connector.validateSamlAssertion(request.data, getSession, setSession));
  },
  usage: async (request) => {
    const connector = await connectorOf(request);
    return encodeResult(await connector.getUsage(request.since ? new Date(request.since) : undefined));
  },
};

/** Returns the passed values that the connector has changed, as they are now; null where JSON cannot represent them. */
const changesOf = (passed) =>
  passed
    .filter(({ value, before }) => before !== toJson(value))
    .map(({ name, value }) => ({ name, value: viaJson(value) ?? null }));

const run = async (request) => {
  const { passed } = requests.getStore();
  for (const name of ['data', 'config'].filter((it) => it in request)) {
    passed.push({ name, value: request[name], before: toJson(request[name]) });
  }
  let outcome;
  try {
    outcome = { result: await operations[request.op](request) };
  } catch (error) {
    outcome = { error: encodeError(error) };
  }
  send({ id: request.id, ...outcome, changed: changesOf(passed) });
};

for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
  const request = JSON.parse(line);
  if (request.id === undefined) {
    settleCall(request);
  } else {
    const { id, allowed = [], hosts = [], environment } = request;
    if (environment) {
      setEnvironment(environment);
      latest = { allowed, hosts, environment, passed: [] };
    }
    // Without await, because several sends run at the same time.
    void requests.run({ id, allowed, hosts, passed: [] }, async () => run(request));
  }
}
// Python has closed standard input: pending requests are of no use.
process.exit(0);
