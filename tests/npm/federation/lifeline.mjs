// Serves on a free loopback port, says where in one JSON line, and ends when stdin does: no orphan outlives its test.
import { createServer } from 'node:http';

export async function serve(listener, path) {
  const server = createServer(listener);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  announce(`http://127.0.0.1:${server.address().port}${path}`);
}

export function announce(url) {
  process.stdout.write(`${JSON.stringify({ url })}\n`);
  process.stdin.on('end', () => process.exit(0)).resume();
}
