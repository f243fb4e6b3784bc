// A dns-01 hook as a person would write one, for pebble-challtestsrv: `node dns-hook.mjs MANAGEMENT-URL [LOG-FILE]`.
import { appendFileSync } from 'node:fs';

const [, , management, log] = process.argv;
const { CERTWATCH_ACTION: action, CERTWATCH_RECORD: record, CERTWATCH_VALUE: value } = process.env;
const body = action === 'present' ? { host: `${record}.`, value } : { host: `${record}.` };
const answer = await fetch(`${management}/${action === 'present' ? 'set-txt' : 'clear-txt'}`, {
  method: 'POST',
  body: JSON.stringify(body),
});
if (!answer.ok) throw new Error(`challtestsrv says ${answer.status}`);
console.log(`${action} ${record}`);
if (log) appendFileSync(log, `${action} ${record} ${value}\n`);
