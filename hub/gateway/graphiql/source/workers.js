// Monaco's workers, from this origin.
const NAMES = { json: 'json.worker.js', graphql: 'graphql.worker.js' };

globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(`/graphiql/${NAMES[label] ?? 'editor.worker.js'}`, { name: label }),
};
