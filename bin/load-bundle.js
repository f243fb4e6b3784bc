'use strict';
// Loads the built program. Its core goes through V8's code cache: start-up is then close to that of Node alone. The cache is
// written by the build and belongs to one version of V8; where it does not fit, the core is compiled as usual.
// CommonJS on purpose: starting Node's ES module loader costs more than all of certwatch's own start-up.
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { Script } = require('node:vm');

const CORE = 'core.cjs';

function cachedCode(dist) {
  try {
    return readFileSync(join(dist, `core.${process.version}.${process.arch}.cache`));
  } catch {
    return undefined;
  }
}

function readCore(filename) {
  try {
    // The build escapes all that is not ASCII; as latin1 it is read without a look at every byte.
    return readFileSync(filename, 'latin1');
  } catch {
    process.stderr.write('certwatch: it has not been built yet: run "npm run build"\n');
    process.exit(3);
  }
}

/** @returns `main`, and the core's script, so that the build can ask it for its cache. */
exports.loadBundle = (dist = join(__dirname, '..', 'dist')) => {
  const filename = join(dist, CORE);
  const cachedData = cachedCode(dist);
  const script = new Script(readCore(filename), { filename, ...(cachedData ? { cachedData } : {}) });
  const core = { exports: {}, id: filename, filename, loaded: true, children: [], paths: [] };
  // The chunks ask for the core by its name: they must get this very one.
  const chunks = createRequire(filename);
  chunks.cache[filename] = core;
  script.runInThisContext()(core.exports, chunks, core, filename, dist);
  return { main: chunks('./main.cjs').main, script };
};
