// Loaded into a process that is measured (`--require`): how late the event loop was, at its end, as a line of JSON.
const { appendFileSync } = require('node:fs');
const { monitorEventLoopDelay } = require('node:perf_hooks');

const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
process.on('exit', () => {
  const ms = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - 5);
  const line = { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) };
  appendFileSync(process.env.LOOP_LAG_FILE, `${JSON.stringify(line)}\n`);
});
