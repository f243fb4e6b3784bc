// A dns-01 hook as a person would write one, for pebble-challtestsrv: `node dns-hook.mjs MANAGEMENT-URL [LOG-FILE]`, behind
// which certwatch puts the record and its value.
import { appendFileSync } from 'node:fs';

const [management, ...words] = process.argv.slice(2);
const [record, value] = words.slice(-2);
const [log] = words.slice(0, -2);
const { CERTWATCH_ACTION: action } = process.env;
const body = action === 'present' ? { host: `${record}.`, value } : { host: `${record}.` };
const answer = await fetch(`${management}/${action === 'present' ? 'set-txt' : 'clear-txt'}`, {
  method: 'POST',
  body: JSON.stringify(body),
});
if (!answer.ok) throw new Error(`challtestsrv says ${answer.status}`);
console.log(`${action} ${record}`);
if (log) appendFileSync(log, `${action} ${record} ${value}\n`);
