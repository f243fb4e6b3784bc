'use strict';
// Loads the built bundle through V8's code cache: start-up is then close to that of Node alone. The cache is written
// by the build and belongs to one version of V8; where it does not fit, the bundle is compiled as usual.
// CommonJS on purpose: starting Node's ES module loader costs more than all of certwatch's own start-up.
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { Script } = require('node:vm');

const DIST = join(__dirname, '..', 'dist');

function cachedCode(dist) {
  try {
    return readFileSync(join(dist, `certwatch.${process.version}.${process.arch}.cache`));
  } catch {
    return undefined;
  }
}

/** @returns what the bundle exports, and the script, so that the build can ask it for its cache. */
exports.loadBundle = (dist = DIST) => {
  const filename = join(dist, 'certwatch.cjs');
  const cachedData = cachedCode(dist);
  let source;
  try {
    // The build escapes all that is not ASCII; as latin1 it is read without a look at every byte.
    source = readFileSync(filename, 'latin1');
  } catch {
    process.stderr.write('certwatch: it has not been built yet: run "npm run build"\n');
    process.exit(3);
  }
  const script = new Script(source, { filename, ...(cachedData ? { cachedData } : {}) });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(filename), module, filename, dist);
  return { bundle: module.exports, script };
};
