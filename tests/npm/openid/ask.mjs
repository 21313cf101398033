// Gets a token by private_key_jwt and DPoP with an unmodified openid-client, and asks a question with it; prints JSON.
// The first argument is JSON: issuer, clientId, key (private JWK with alg and kid), proofAlgorithm, questions.
import * as client from 'openid-client';

const { issuer, clientId, key, proofAlgorithm, questions } = JSON.parse(process.argv[2]);

const importing = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  EdDSA: { name: 'Ed25519' },
  Ed25519: { name: 'Ed25519' },
};
const { alg, kid, ...jwk } = key;
const signing = await crypto.subtle.importKey('jwk', jwk, importing[alg], false, ['sign']);

const config = await client.discovery(
  new URL(issuer),
  clientId,
  undefined,
  client.PrivateKeyJwt({ key: signing, kid }),
  { algorithm: 'oauth2', execute: [client.allowInsecureRequests] },
);
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair(proofAlgorithm));
const tokens = await client.clientCredentialsGrant(config, { resource: `${issuer}/graphql` }, { DPoP });

const answers = [];
for (const query of questions) {
  const response = await client.fetchProtectedResource(
    config,
    tokens.access_token,
    new URL(`${issuer}/graphql`),
    'POST',
    JSON.stringify({ query }),
    new Headers({ 'content-type': 'application/json', accept: 'application/graphql-response+json' }),
    { DPoP },
  );
  answers.push({ status: response.status, body: await response.json() });
}

const before = await client.tokenIntrospection(config, tokens.access_token);
await client.tokenRevocation(config, tokens.access_token);
const after = await client.tokenIntrospection(config, tokens.access_token);
let refused = null;
try {
  await client.fetchProtectedResource(
    config,
    tokens.access_token,
    new URL(`${issuer}/graphql`),
    'POST',
    JSON.stringify({ query: questions[0] }),
    new Headers({ 'content-type': 'application/json' }),
    { DPoP },
  );
} catch (error) {
  refused = { status: error.status, challenge: error.cause?.[0]?.parameters?.error ?? null };
}
process.stdout.write(
  JSON.stringify({ type: tokens.token_type, lifetime: tokens.expires_in, token: tokens.access_token, answers, before, after, refused }),
);
