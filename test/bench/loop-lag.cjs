// Loaded into each process that is measured (`--require`): at its end, how late its event loop was, as a line of JSON. On a
// machine that has other things to do, most of that is waiting for the processor: so also how much of it was work of its own.
const { appendFileSync } = require('node:fs');

const EVERY_MS = 5;
const lags = [];
const own = [];
let at = performance.now();
let used = process.cpuUsage();

setInterval(() => {
  const now = performance.now();
  const cpu = process.cpuUsage(used);
  lags.push(Math.max(0, now - at - EVERY_MS));
  own.push((cpu.user + cpu.system) / 1_000);
  at = now;
  used = process.cpuUsage();
}, EVERY_MS).unref();

const share = (values, part) => values[Math.min(values.length - 1, Math.floor(values.length * part))] ?? 0;
const summary = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return { p50: share(sorted, 0.5), p99: share(sorted, 0.99), max: share(sorted, 1) };
};

process.on('exit', () => {
  const role = process.env.CERTWATCH_SCANNER ? 'scanner' : 'supervisor';
  appendFileSync(process.env.LOOP_LAG_FILE, `${JSON.stringify({ role, lag: summary(lags), own: summary(own) })}\n`);
});
