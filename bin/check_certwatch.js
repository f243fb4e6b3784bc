#!/usr/bin/env node
'use strict';
// The version is known without loading the program. The Monitoring Plugins guidelines have help and version end in UNKNOWN:
// a service that runs them by mistake must not be green.
if (/^(--version|-V)$/.test(process.argv.slice(2).join(' '))) {
  process.stdout.write(`check_certwatch ${require('../package.json').version}\n`);
  process.exitCode = 3;
} else require('./load-bundle.js').loadBundle().main('check_certwatch');
