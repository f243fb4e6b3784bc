// Builds dist/: the core that every start loads, chunks that it loads when it needs them, Mozilla's roots in a form that
// opens fast, and V8's code cache. Run by `npm run build`, and by npm itself behind `npm ci`.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import acme from 'acme-client';
import { rolldown } from 'rolldown';

const here = import.meta.dirname;
const finalDist = join(here, 'dist');
// Built beside and put in place at the end: whoever runs the program meanwhile runs the old one.
const dist = join(here, `dist.${process.pid}.tmp`);
mkdirSync(dist);
process.on('exit', () => rmSync(dist, { recursive: true, force: true }));

const { version } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));

const common = {
  platform: 'node',
  cwd: here,
  // Heavy, and for renewals only: loaded from node_modules.
  external: ['acme-client', 'node-forge', /^node:/],
  transform: { target: 'node20.19', define: { CERTWATCH_VERSION: JSON.stringify(version) } },
  logLevel: 'warn',
};

// Commander loads child_process for subcommands that are programs of their own. There are none here.
const noSubprograms = {
  name: 'no subprograms',
  resolveId: (id, importer) =>
    id === 'node:child_process' && importer?.includes('commander') ? '\0no-child-process' : undefined,
  load: (id) => (id === '\0no-child-process' ? 'module.exports = {};' : undefined),
};

/** @param isCore says which modules belong into the one file that is loaded at every start. */
async function bundle(folder, isCore) {
  const input = { main: join(here, 'src/main.ts') };
  const build = await rolldown({ ...common, input, plugins: [noSubprograms] });
  const { output } = await build.write({
    dir: folder,
    format: 'cjs',
    // import() of what stands outside becomes require(): starting Node's ES module loader would cost more than the module.
    dynamicImportInCjs: false,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    minify: true,
    sourcemap: 'hidden',
    ...(isCore ? { codeSplitting: { groups: [{ name: 'core', test: isCore }] } } : {}),
  });
  await build.close();
  return output;
}

// A small run of the real thing: a handshake and a closed port, by both programs.
const [key, cert] = await acme.crypto.createAlpnCertificate({ identifier: { value: 'localhost' } }, 'warm-up');
const pem = join(dist, 'warm-up.pem');
writeFileSync(pem, cert);

/** @param load an expression for `main`. @param atExit what is evaluated once the run is over. */
function warmUp(program, load, atExit) {
  const script = `
    const { writeFileSync } = require('node:fs');
    const server = require('node:tls').createServer(${JSON.stringify({ key: String(key), cert: String(cert) })}, (peer) => peer.end());
    server.listen(0, '127.0.0.1', () => {
      const port = server.address().port;
      const args = { certwatch: ['check', 'localhost:' + port, '127.0.0.1:1'], check_certwatch: ['-H', 'localhost', '-p', port] };
      process.argv = ['node', 'certwatch', ...args.${program}.map(String), '--ca-file', ${JSON.stringify(pem)}];
      const print = process.stdout.write.bind(process.stdout);
      process.stdout.write = (text, done) => (done?.(), true);
      process.once('exit', () => {
        process.exitCode = 0;
        ${atExit};
      });
      ${load}('${program}');
      server.unref();
    });`;
  return execFileSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 20_000 });
}

// Once to see what a small check loads, by running it; and once more with all of that in one file.
const draft = join(dist, 'draft');
const chunks = await bundle(draft);
const entry = JSON.stringify(join(draft, 'main.cjs'));
const loaded = ['certwatch', 'check_certwatch'].flatMap((program) =>
  JSON.parse(warmUp(program, `require(${entry}).main`, 'print(JSON.stringify(Object.keys(require.cache)))')),
);
const isLoaded = ({ fileName }) => loaded.includes(join(draft, fileName));
const core = new Set(chunks.filter(isLoaded).flatMap(({ moduleIds }) => moduleIds));
rmSync(draft, { recursive: true });
await bundle(dist, (id) => core.has(id));

// What bin/load-bundle.js calls. Here and not there, so that nobody has to copy a quarter of a megabyte of text.
const coreFile = join(dist, 'core.cjs');
const wrapped = `(function (exports, require, module, __filename, __dirname) {${readFileSync(coreFile, 'utf8')}\n})`;
// In ASCII, so that it can be read as latin1: outside of ASCII there are only texts and regular expressions.
const unit = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
writeFileSync(coreFile, wrapped.replace(/[^\0-\x7f]/g, unit));

const packer = await rolldown({ ...common, input: join(here, 'src/trust/roots-pack.ts') });
const { output } = await packer.generate({ format: 'cjs' });
await packer.close();
const packed = { exports: {} };
new Function('module', 'exports', 'require', output[0].code)(packed, packed.exports, createRequire(import.meta.url));
writeFileSync(join(dist, 'mozilla-roots.bin'), packed.exports.packRoots(rootCertificates, process.version));

// V8's code cache, taken after a run, so that it holds the functions that a run compiles. It is an extra: without it
// everything works, a little later.
const loader = `globalThis.built = require(${JSON.stringify(join(here, 'bin/load-bundle.js'))}).loadBundle(${JSON.stringify(dist)})`;
const cacheFile = JSON.stringify(join(dist, `core.${process.version}.${process.arch}.cache`));
warmUp('certwatch', `(${loader}).main`, `writeFileSync(${cacheFile}, globalThis.built.script.createCachedData())`);
rmSync(pem);

const old = `${dist}.old`;
if (existsSync(finalDist)) renameSync(finalDist, old);
renameSync(dist, finalDist);
rmSync(old, { recursive: true, force: true });
