// Composes the subgraphs of the JSON file named by the first argument; prints the supergraph.
import { readFileSync } from 'node:fs';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';

const subgraphs = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { errors, supergraphSdl } = composeServices(
  subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })),
);
if (errors?.length) throw new Error(errors.map(String).join('\n'));
process.stdout.write(supergraphSdl);
