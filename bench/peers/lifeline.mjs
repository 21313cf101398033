// Serves on a free loopback port, says where in one JSON line, and ends when stdin does: no orphan outlives the bench.
import { createServer } from 'node:http';

export async function listen(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${server.address().port}`;
}

export async function serve(listener) {
  const server = createServer(listener);
  server.keepAliveTimeout = 75_000;
  announce(await listen(server));
}

export function announce(url) {
  process.stdout.write(`${JSON.stringify({ url })}\n`);
  process.stdin.on('end', () => process.exit(0)).resume();
}
