// A TLS server as they are: reads its certificate at the start and on SIGHUP, and keeps the old one where the new one is
// no good. `node reloading-server.mjs LIVE ADDRESS:PORT…`; prints "ready", and "reloaded" or "kept" on SIGHUP, and leaves a
// file LIVE.reloaded behind where it has reloaded: for a command that is to end only then. LIVE may be several folders with
// commas between: a certificate of each is served.
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:tls';

const [live, ...places] = process.argv.slice(2);
const folders = live.split(',');
const ofEach = (name) => folders.map((folder) => readFileSync(`${folder}/${name}`));
const read = () => ({ key: ofEach('privkey.pem'), cert: ofEach('fullchain.pem') });

const servers = places.map((place) => {
  const [host, port] = place.split(':');
  const server = createServer(read(), (socket) => socket.on('error', () => {}).end());
  server.on('tlsClientError', () => {});
  return new Promise((resolve) => server.listen(Number(port), host, () => resolve(server)));
});
const all = await Promise.all(servers);
process.on('SIGHUP', () => {
  try {
    const context = read();
    for (const server of all) server.setSecureContext(context);
    writeFileSync(`${folders[0]}.reloaded`, '');
    console.log('reloaded');
  } catch (cause) {
    console.log(`kept: ${cause.message}`);
  }
});
console.log('ready');
