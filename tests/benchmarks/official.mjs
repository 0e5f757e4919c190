// Does the work of the benchmarks with the official packages, and measures itself.
// One request a line on stdin, one answer a line on stdout: {"op": "…", "with": {…}, "cases": [{…}, …]} is answered by
// {"answers": [{"seconds": …, "cpuSeconds": …}, …]}, one for each case.

import { createInterface } from 'node:readline';
import createAwsSesConnector from '@logto/connector-aws-ses';
import * as kit from '@logto/connector-kit';

const timed = async (action) => {
  const started = process.hrtime.bigint();
  const before = process.cpuUsage();
  await action();
  const { user, system } = process.cpuUsage(before);
  return { seconds: Number(process.hrtime.bigint() - started) / 1e9, cpuSeconds: (user + system) / 1e6 };
};

const repeated = async (count, action) =>
  timed(() => {
    for (let index = 0; index < count; index += 1) {
      action(index);
    }
  });

const connectorOf = async (config) => createAwsSesConnector({ getConfig: async () => config });

const operations = {
  /** Sends so many messages, from so many loops at the same time. */
  send: async ({ endpoint }, { config, data, count, inFlight }) => {
    process.env.AWS_ENDPOINT_URL_SESV2 = endpoint;
    const connector = await connectorOf(config);
    const loop = async () => {
      for (let index = 0; index < count / inFlight; index += 1) {
        await connector.sendMessage(data);
      }
    };
    return timed(async () => Promise.all(Array.from({ length: inFlight }, loop)));
  },
  validate: async (_, { config, count, isNew }) => {
    const { configGuard } = await connectorOf(config);
    const configs = isNew
      ? Array.from({ length: count }, (_, index) => ({ ...structuredClone(config), accessKeyId: `key${index}` }))
      : undefined;
    return repeated(count, (index) => kit.validateConfig(configs ? configs[index] : config, configGuard));
  },
  render: async (_, { template, payload, count }) =>
    repeated(count, () => kit.replaceSendMessageHandlebars(template, payload)),
  route: async (_, { type, config, count }) => repeated(count, () => kit.getConfigTemplateByType(type, config)),
};

for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
  const request = JSON.parse(line);
  const answers = [];
  for (const oneCase of request.cases) {
    answers.push(await operations[request.op](request.with, oneCase));
  }
  process.stdout.write(`${JSON.stringify({ answers })}\n`);
}
