// A source that costs next to nothing: `answer` gets the question's text and gives the body's bytes.
import { createServer } from 'node:http';
import { listen } from './lifeline.mjs';

export async function respond(answer) {
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (part) => (text += part));
    request.on('end', async () => {
      const body = await answer(text);
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
      response.end(body);
    });
  });
  server.keepAliveTimeout = 75_000;
  return listen(server);
}
