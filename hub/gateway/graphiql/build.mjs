// Bundles the page into the directory named by the first argument: bare file names, no outside address.
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

const out = process.argv[2];
if (!out) throw new Error('usage: node build.mjs OUT_DIRECTORY');
await mkdir(out, { recursive: true });

const common = {
  bundle: true,
  minify: true,
  outdir: out,
  target: ['es2022'],
  define: { 'process.env.NODE_ENV': '"production"' },
  loader: { '.ttf': 'file' },
  assetNames: '[name]',
  logLevel: 'warning',
  legalComments: 'linked',
};

await build({ ...common, format: 'esm', entryPoints: { graphiql: 'source/main.jsx' }, jsx: 'automatic' });
await build({
  ...common,
  format: 'iife',
  entryPoints: {
    'editor.worker': 'monaco-editor/esm/vs/editor/editor.worker.js',
    'json.worker': 'monaco-editor/esm/vs/language/json/json.worker.js',
    'graphql.worker': 'monaco-graphql/esm/graphql.worker.js',
  },
});
for (const name of ['index.html', 'favicon.svg']) await copyFile(join('source', name), join(out, name));
