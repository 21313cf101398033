// Hive Gateway over the supergraph file named by the first argument, with the planner named by the second (js, rust).
import { readFileSync } from 'node:fs';
import { createGatewayRuntime } from '@graphql-hive/gateway';
import { unifiedGraphHandler } from '@graphql-hive/router-runtime';
import { serve } from './lifeline.mjs';

const gateway = createGatewayRuntime({
  supergraph: readFileSync(process.argv[2], 'utf8'),
  logging: false,
  ...(process.argv[3] === 'rust' && { unifiedGraphHandler }),
  propagateHeaders: {
    fromClientToSubgraphs: ({ request }) => {
      const headers = {};
      for (const name of ['authorization', 'purpose']) {
        const value = request.headers.get(name);
        if (value) headers[name] = value;
      }
      return headers;
    },
  },
});
await serve(gateway, '/graphql');
