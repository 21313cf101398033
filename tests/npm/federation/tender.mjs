// A buyer's subgraph. Its tenders name their bidders by credit code, given as arguments; the hub knows the rest.
import { readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { createYoga } from 'graphql-yoga';
import { serve } from './lifeline.mjs';

const codes = process.argv.slice(2);
const typeDefs = parse(readFileSync(new URL('tender.graphql', import.meta.url), 'utf8'));
const resolvers = {
  Query: { tenders: () => [{ id: 'T-1', bidders: codes.map((code) => ({ code })) }] },
  CreditSubject: {
    __resolveReference: ({ code }) => ({ code }),
    bidsMade: ({ code }) => codes.indexOf(code) + 1,
  },
};

const yoga = createYoga({ schema: buildSubgraphSchema({ typeDefs, resolvers }), logging: false, graphiql: false });
await serve(yoga, '/graphql');
