#!/usr/bin/env node
'use strict';
// The version is known without loading the program.
if (/^(--version|-V)$/.test(process.argv.slice(2).join(' '))) {
  process.stdout.write(`check_certwatch ${require('../package.json').version}\n`);
} else require('./load-bundle.js').loadBundle().main('check_certwatch');
