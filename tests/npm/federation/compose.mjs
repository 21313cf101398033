// Composes the subgraphs of the JSON file named by the first argument with three independent composers; prints JSON.
import { readFile } from 'node:fs/promises';
import { composeServices as composeApollo } from '@apollo/composition';
import { composeServices as composeGuild } from '@theguild/federation-composition';
import { federateSubgraphs, ROUTER_COMPATIBILITY_VERSION_ONE } from '@wundergraph/composition';
import { parse } from 'graphql';

const subgraphs = JSON.parse(await readFile(process.argv[2], 'utf8'));
const documents = subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) }));
const words = (errors) => (errors ?? []).map((error) => String(error.message ?? error));

const apollo = composeApollo(documents);
const guild = composeGuild(documents);
const wundergraph = federateSubgraphs({
  subgraphs: documents.map(({ name, url, typeDefs }) => ({ name, url, definitions: typeDefs })),
  version: ROUTER_COMPATIBILITY_VERSION_ONE,
});

process.stdout.write(
  JSON.stringify({
    apollo: { errors: words(apollo.errors), supergraph: apollo.supergraphSdl ?? null },
    guild: { errors: words(guild.errors), supergraph: guild.supergraphSdl ?? null },
    wundergraph: {
      errors: words(wundergraph.errors),
      supergraph: wundergraph.success ? 'composed' : null,
    },
  }),
);
