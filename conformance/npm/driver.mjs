// Runs one connector package for the conformance suite: `node driver.mjs FOLDER`, where FOLDER is the package's own.
//
// One JSON object a line. On stdin, from Python:
//   {id, op: one of `operations`, …}        to be answered by {id, result, …} or {id, error}
//   {call, value | none | raises}                               the answer to a call of ours
// On stdout, to Python:
//   {id, result, changed} | {id, error, changed}                in any order: sends run at once
//   {id, call, name, arguments}                                 getConfig or getI18nEmailTemplate was called in a send
//   {log: text}                                                 what the connector printed
//   {refused: text}                                             a socket or a look-up was asked for, and refused

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
const jsonDepth = 500; // Python reads no JSON that is nested much deeper.
const loopback = ['localhost', '127.0.0.1', '::1'];
const write = process.stdout.write.bind(process.stdout);
const tell = (message) => write(`${JSON.stringify(message)}\n`);

/** The request that the running code belongs to; the latest one, where that cannot be told. */
const requests = new AsyncLocalStorage();
let latest = { allowed: [], environment: {}, lent: [] };
const currentRequest = () => requests.getStore() ?? latest;

// --- what the connector prints ---------------------------------------------------------------------------------------

for (const stream of [process.stdout, process.stderr]) {
  stream.write = (chunk, encoding, done) => {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    tell({ log: text });
    const callback = typeof encoding === 'function' ? encoding : done;
    if (callback) {
      process.nextTick(callback);
    }
    return true;
  };
}

// --- the network: the stub, and nothing else -------------------------------------------------------------------------

const refuse = (where) => {
  tell({ refused: where });
  return Object.assign(new Error(`The conformance suite opens no socket to ${where}.`), {
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

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  // Node calls it with its arguments in an array, others as net.Socket documents it.
  const [first, second] = Array.isArray(given[0]) ? given[0] : given;
  const options = typeof first === 'object' && first !== null ? first : { port: first, host: second };
  const isPath = Boolean(options.path) || (typeof first === 'string' && Number.isNaN(Number(first)));
  const host = typeof options.host === 'string' && options.host !== '' ? options.host : 'localhost';
  if (!isPath && isAllowed(host, options.port)) {
    return connect.apply(this, given);
  }
  const error = refuse(isPath ? `the path ${options.path ?? first}` : `${host} port ${options.port}`);
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
  const error = refuse(`${address} port ${port}`);
  const callback = given.at(-1);
  process.nextTick(() => (typeof callback === 'function' ? callback(error) : this.emit('error', error)));
};

/** Looks up what needs no name server, as net.connect does for localhost, and nothing else. */
const lookUp = (original) =>
  function (host, ...rest) {
    if (original !== undefined && (!host || loopback.includes(host) || net.isIP(host) !== 0)) {
      return original.call(this, host, ...rest);
    }
    const error = refuse(String(host));
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

// --- values on their way to Python -----------------------------------------------------------------------------------

/** Whether JSON says all that there is to say of a value. */
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

/** What JSON makes of a value, for Python; undefined where it makes nothing of it. */
const viaJson = (value) => {
  const text = toJson(value);
  const again = text === undefined ? undefined : JSON.parse(text);
  return isPlain(again) ? again : undefined;
};

/** What a send returned: its JSON, nothing, or what a host would see of it when printed. */
const encodeResult = (value) => {
  if (value === undefined) {
    return {};
  }
  return isPlain(value)
    ? { value }
    : { object: { name: String(value?.constructor?.name ?? typeof value), text: show(value) } };
};

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
      // Logto makes JSON of it; what cannot be made JSON of is shown, and is no JSON in Python either.
      ...(error.data !== undefined &&
        (viaJson(error.data) === undefined ? { unprintable: show(error.data) } : { data: viaJson(error.data) })),
    }),
  };
};

// --- the connector ---------------------------------------------------------------------------------------------------

const folder = path.resolve(process.argv[2]);

const loadFactory = async () => {
  // As Logto's own loader does: this file, its default export, or the `default` of that in a transpiled CommonJS file.
  const { default: loaded } = await import(pathToFileURL(path.join(folder, 'lib', 'index.js')).href);
  const factory = typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : loaded;
  if (typeof factory !== 'function') {
    throw new TypeError('lib/index.js has no function as its default export.');
  }
  return factory;
};

let factory;
const createConnector = async (options) => {
  factory ??= loadFactory();
  return (await factory)(options);
};

const notHere = async () => {
  throw new Error('There is no saved config here.');
};

const waiting = new Map();
let calls = 0;

/** Asks Python, in the name of the request that is under way, and remembers what it gave: that must not be changed. */
const ask = async (name, given) => {
  const { id, lent } = currentRequest();
  return new Promise((resolve, reject) => {
    calls += 1;
    waiting.set(calls, { resolve, reject, lent });
    tell({ id, call: calls, name, arguments: given.map((it) => viaJson(it) ?? null) });
  });
};

const answered = ({ call, value, none, raises }) => {
  const { resolve, reject, lent } = waiting.get(call);
  waiting.delete(call);
  if (raises) {
    const { token, name, message } = raises;
    const error = Object.assign(new Error(message), { name });
    tokens.set(error, token);
    reject(error);
    return;
  }
  lent.push({ what: call, value, before: toJson(value) });
  resolve(none ? undefined : value);
};

const setEnvironment = (variables) => {
  for (const name of Object.keys(latest.environment).filter((it) => !(it in variables))) {
    delete process.env[name];
  }
  Object.assign(process.env, variables);
};

const connectors = new Map();

/** The connector of an instance in Python; made again where this process has replaced another one. */
const connectorOf = ({ instance, managed }) => {
  if (!connectors.has(instance)) {
    connectors.set(
      instance,
      createConnector({
        getConfig: async (...given) => ask('getConfig', given),
        ...(managed && { getI18nEmailTemplate: async (type, locale) => ask('getI18nEmailTemplate', [type, locale]) }),
      })
    );
  }
  return connectors.get(instance);
};

const operations = {
  describe: async () => {
    const connector = await createConnector({ getConfig: notHere });
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
    const connector = await createConnector({ getConfig: notHere });
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
  usage: async (request) => {
    const connector = await connectorOf(request);
    return encodeResult(await connector.getUsage(request.since ? new Date(request.since) : undefined));
  },
};

/** What the connector changed of what was lent to it, as it is now; null where no JSON can be made of it any more. */
const changesOf = (lent) =>
  lent
    .filter(({ value, before }) => before !== toJson(value))
    .map(({ what, value }) => ({ what, value: viaJson(value) ?? null }));

const run = async (request) => {
  const { lent } = requests.getStore();
  for (const what of ['data', 'config'].filter((it) => it in request)) {
    lent.push({ what, value: request[what], before: toJson(request[what]) });
  }
  let outcome;
  try {
    outcome = { result: await operations[request.op](request) };
  } catch (error) {
    outcome = { error: encodeError(error) };
  }
  tell({ id: request.id, ...outcome, changed: changesOf(lent) });
};

for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
  const request = JSON.parse(line);
  if (request.id === undefined) {
    answered(request);
  } else {
    const { id, allowed, environment } = request;
    if (allowed) {
      setEnvironment(environment);
      latest = { allowed, environment, lent: [] };
    }
    // Not awaited: several sends run at once.
    void requests.run({ id, allowed: allowed ?? [], lent: [] }, async () => run(request));
  }
}
// Standard input has ended, and nobody is there to hear what is still under way.
process.exit(0);
