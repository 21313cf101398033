// Hive Gateway over the supergraph in the file named by the first argument; the second names the planner: js or rust.
import { readFileSync } from 'node:fs';
import { createGatewayRuntime } from '@graphql-hive/gateway';
import { unifiedGraphHandler } from '@graphql-hive/router-runtime';
import { serve } from './lifeline.mjs';

const gateway = createGatewayRuntime({
  supergraph: readFileSync(process.argv[2], 'utf8'),
  logging: false,
  landingPage: false,
  graphiql: false,
  // Compiled execution is for the JS planner's executor; the Rust planner brings an executor of its own.
  ...(process.argv[3] === 'rust' ? { unifiedGraphHandler } : { jit: true }),
});
await serve(gateway);
