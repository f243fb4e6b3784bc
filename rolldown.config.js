// Builds dist/: the bundle, Mozilla's roots in a form that opens fast, and V8's code cache for both programs.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import acme from 'acme-client';
import { build } from 'esbuild';

const here = import.meta.dirname;
const finalDist = join(here, 'dist');
// Built beside and put in place at the end: whoever runs the program meanwhile runs the old one.
const dist = join(here, `dist.${process.pid}.tmp`);
const { version } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  legalComments: 'none',
  logLevel: 'warning',
  // import() becomes require() in a promise: starting Node's ES module loader for it would cost more than the module.
  supported: { 'dynamic-import': false },
};

mkdirSync(dist);
process.on('exit', () => rmSync(dist, { recursive: true, force: true }));

// Needed for a config file or a spinner only: chunks of their own, loaded by the code that needs them when it does.
const lazy = ['ora', 'yaml', 'zod'];
for (const name of lazy) {
  await build({
    ...common,
    entryPoints: [name],
    outfile: join(dist, `${name}.cjs`),
    absWorkingDir: here,
    minify: true,
    // As Node does for a CommonJS module, the bundle takes the whole of it for its default export.
    ...(name === 'ora'
      ? { footer: { js: 'module.exports = Object.assign(module.exports.default, module.exports);' } }
      : {}),
  });
}

await build({
  ...common,
  entryPoints: [join(here, 'src/main.ts')],
  outfile: join(dist, 'certwatch.cjs'),
  // What bin/load-bundle.js calls; here and not there, so that nobody has to copy half a megabyte of text.
  banner: { js: '(function (exports, require, module, __filename, __dirname) {' },
  footer: { js: '})' },
  // Heavy, and for renewals only: loaded from node_modules.
  external: ['acme-client', 'node-forge'],
  plugins: [
    {
      name: 'lazy chunks',
      setup: ({ onResolve }) =>
        onResolve({ filter: new RegExp(`^(${lazy.join('|')})$`) }, ({ path }) => ({
          path: `./${path}.cjs`,
          external: true,
        })),
    },
  ],
  define: { CERTWATCH_VERSION: JSON.stringify(version) },
  minifySyntax: true,
  minifyWhitespace: true,
});

const packer = await build({
  ...common,
  entryPoints: [join(here, 'src/trust/roots-pack.ts')],
  write: false,
});
const packed = { exports: {} };
new Function('module', 'exports', 'require', packer.outputFiles[0].text)(
  packed,
  packed.exports,
  createRequire(import.meta.url),
);
writeFileSync(join(dist, 'mozilla-roots.bin'), packed.exports.packRoots(rootCertificates, process.version));

// V8's code cache, taken after a small run of the real thing, so that it holds the functions that a run compiles: a
// handshake and a closed port. It is an extra: without it everything works, a little later.
const [key, cert] = await acme.crypto.createAlpnCertificate({ identifier: { value: 'localhost' } }, 'warm-up');
const warmUp = `
  const { loadBundle } = require(${JSON.stringify(join(here, 'bin/load-bundle.js'))});
  const { writeFileSync } = require('node:fs');
  const { createServer } = require('node:tls');
  const pem = ${JSON.stringify(join(dist, 'warm-up.pem'))};
  const cert = ${JSON.stringify(String(cert))};
  writeFileSync(pem, cert);
  const { bundle, script } = loadBundle(${JSON.stringify(dist)});
  const server = createServer({ key: ${JSON.stringify(String(key))}, cert }, (peer) => peer.end());
  server.listen(0, '127.0.0.1', () => {
    const target = 'localhost:' + server.address().port;
    process.argv = ['node', 'certwatch', 'check', target, '127.0.0.1:1', '--ca-file', pem];
    process.stdout.write = (text, done) => (done?.(), true);
    process.once('exit', () => {
      process.exitCode = 0;
      writeFileSync(${JSON.stringify(join(dist, `certwatch.${process.version}.${process.arch}.cache`))}, script.createCachedData());
    });
    bundle.main('certwatch');
    server.unref();
  });
`;
execFileSync(process.execPath, ['-e', warmUp], { stdio: 'inherit', timeout: 20_000 });
rmSync(join(dist, 'warm-up.pem'));

const old = `${dist}.old`;
if (existsSync(finalDist)) renameSync(finalDist, old);
renameSync(dist, finalDist);
rmSync(old, { recursive: true, force: true });
