// An OpenID provider on the loopback interface: oidc-provider with a user for each login. It prints its address as JSON.
// Usage: node provider.mjs FOLDER CONFIG, where FOLDER has node_modules and CONFIG is the JSON of the clients.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [folder, given] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(createRequire(`${folder}/package.json`).resolve('oidc-provider')));
const { clients, conformIdTokenClaims } = JSON.parse(given);

let rotation = 0;
const newKey = (alg) => {
  const kinds = { RS256: ['rsa', { modulusLength: 2048 }], ES256: ['ec', { namedCurve: 'P-256' }] };
  const jwk = generateKeyPairSync(...kinds[alg]).privateKey.export({ format: 'jwk' });
  return { ...jwk, alg, use: 'sig', kid: `${alg}-${rotation}` };
};

const findAccount = (_, id) => ({
  accountId: id,
  claims: async () => ({ sub: id, name: `Name of ${id}`, email: `${id}@user.example`, email_verified: id !== 'unverified' }),
});

const newProvider = (issuer) =>
  new Provider(issuer, {
    clients,
    conformIdTokenClaims,
    findAccount,
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
    cookies: { keys: ['a key for the cookies of tests'] },
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256'] },
    issueRefreshToken: async () => true,
    jwks: { keys: ['RS256', 'ES256'].map(newKey) },
    pkce: { required: () => true },
  }).callback();

let handle;
const requests = {};
const server = createServer((request, response) => {
  if (request.url === '/test/rotate') {
    rotation += 1;
    handle = newProvider(`http://127.0.0.1:${server.address().port}`);
    response.end();
  } else if (request.url === '/test/requests') {
    response.end(JSON.stringify(requests));
  } else {
    requests[request.url] = (requests[request.url] ?? 0) + 1;
    handle(request, response);
  }
});
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  handle = newProvider(issuer);
  process.stdout.write(`${JSON.stringify({ issuer })}\n`);
});
process.stdin.on('end', () => process.exit(0)).resume();
