// Sites that the hub asks live, each on a port of its own: `suppliers(codes:)` as docs/sandbox.md 4 has it.
// Arguments: a JSON file {rows: code -> list -> rows, bodies: [codes of deciding bodies]}, and how many sites. Prints
// the addresses: first of sites that say the same again, then of as many that never do: each of their answers names
// other deciding bodies, which nobody asked about, so the answer to the asker stays the same.
import { readFileSync } from 'node:fs';
import { parse } from 'graphql';
import { respond } from './respond.mjs';

const { rows, bodies } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const sites = Number(process.argv[3]);
const asOf = `${new Date().toISOString().slice(0, 19)}Z`;
const named = (node, name) => node.selectionSet.selections.find((each) => each.name.value === name);
const BODY = '@body@';

// A supplier as text, cut where a deciding body's code stands.
function item(fields, code) {
  const lists = rows[code];
  if (lists === undefined) return ['null'];
  const found = {};
  for (const field of fields) {
    const name = field.name.value;
    if (!field.selectionSet) {
      found[name] = code;
      continue;
    }
    const names = field.selectionSet.selections.map((each) => each.name.value);
    const value = (row, each) => (each === 'authorityCode' ? BODY : (row[each] ?? null));
    found[name] = (lists[name] ?? []).map((row) => Object.fromEntries(names.map((each) => [each, value(row, each)])));
  }
  return JSON.stringify(found).split(BODY);
}

function answering(changing) {
  const questions = new Map();
  let turn = 0;
  return (text) => {
    const { query, variables } = JSON.parse(text);
    let known = questions.get(query);
    if (known === undefined) {
      const items = named(named(parse(query).definitions[0], 'suppliers'), 'items');
      known = { fields: items.selectionSet.selections, items: new Map() };
      questions.set(query, known);
    }
    const items = variables.codes.map((code) => {
      let cut = known.items.get(code);
      if (cut === undefined) known.items.set(code, (cut = item(known.fields, code)));
      if (changing) turn = (turn + 1) % bodies.length;
      return cut.join(bodies[turn]);
    });
    return Buffer.from(`{"data":{"suppliers":{"asOf":"${asOf}","items":[${items.join(',')}]}}}`);
  };
}

const urls = [];
for (const changing of [false, true]) {
  for (let site = 0; site < sites; site += 1) urls.push(await respond(answering(changing)));
}
process.stdout.write(`${JSON.stringify({ url: urls.join(' ') })}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
