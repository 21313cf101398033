// Who asks, and what for: kept in this page's memory only, never in the browser's storage.
// An address may bring them in its fragment (#token=…&purpose=…&query=…), which no server sees; it is wiped at once.

const given = new URLSearchParams(location.hash.slice(1));
if (location.hash) history.replaceState(null, '', location.pathname);

export const asker = {
  token: given.get('token') ?? '',
  purpose: given.get('purpose') ?? '',
};

export const givenQuery = given.get('query') ?? undefined;

export function fetchAsAsker(url, options) {
  const headers = new Headers(options.headers);
  if (asker.token.trim() && !headers.has('authorization')) {
    headers.set('authorization', `Bearer ${asker.token.trim().replace(/^bearer\s+/i, '')}`);
  }
  if (asker.purpose.trim() && !headers.has('purpose')) headers.set('purpose', asker.purpose.trim());
  return fetch(url, { ...options, headers, credentials: 'omit' });
}
