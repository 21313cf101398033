// Apollo Server on Express, as its documentation recommends for production, subjects in memory.
import { createServer } from 'node:http';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { expressMiddleware } from '@as-integrations/express5';
import express from 'express';
import { announce, listen } from './lifeline.mjs';
import { kindOf, sdl, subject } from './data.mjs';

const server = new ApolloServer({
  typeDefs: sdl,
  resolvers: { Query: { subject }, CreditRecord: { __resolveType: kindOf }, Node: { __resolveType: kindOf } },
  introspection: false,
  plugins: [ApolloServerPluginLandingPageDisabled()],
});
await server.start();
const app = express();
app.disable('x-powered-by');
app.use('/graphql', express.json(), expressMiddleware(server));
announce(await listen(createServer(app)));
