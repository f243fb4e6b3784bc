#!/usr/bin/env node
'use strict';
require('./load-bundle.js').loadBundle().bundle.main('check_certwatch');
