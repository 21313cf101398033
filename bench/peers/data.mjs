// The data of a run: the schema (SDL) and the subjects by code, in the files named by the first two arguments.
import { readFileSync } from 'node:fs';

export const sdl = readFileSync(process.argv[2], 'utf8');
export const subjects = new Map(Object.entries(JSON.parse(readFileSync(process.argv[3], 'utf8'))));
export const subject = (_, { code }) => subjects.get(code) ?? null;
export const kindOf = (record) => record.kind;
