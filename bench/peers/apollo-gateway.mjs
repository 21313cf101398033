// Apollo Gateway (Apollo Server on Express) over the supergraph in the file named by the first argument.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { ApolloGateway } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { expressMiddleware } from '@as-integrations/express5';
import express from 'express';
import { announce, listen } from './lifeline.mjs';

const gateway = new ApolloGateway({ supergraphSdl: readFileSync(process.argv[2], 'utf8') });
const server = new ApolloServer({ gateway, introspection: false, plugins: [ApolloServerPluginLandingPageDisabled()] });
await server.start();
const app = express();
app.disable('x-powered-by');
app.use('/graphql', express.json(), expressMiddleware(server));
announce(await listen(createServer(app)));
