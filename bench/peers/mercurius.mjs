// Mercurius on Fastify, compiled queries on (`jit: 1`), subjects in memory.
import Fastify from 'fastify';
import mercurius from 'mercurius';
import { announce } from './lifeline.mjs';
import { kindOf, sdl, subject } from './data.mjs';

const app = Fastify({ logger: false });
app.register(mercurius, {
  schema: sdl,
  resolvers: { Query: { subject }, CreditRecord: { resolveType: kindOf }, Node: { resolveType: kindOf } },
  jit: 1,
  graphiql: false,
});
announce(await app.listen({ host: '127.0.0.1', port: 0 }));
