/**
 * `npm run conformance -- limbo.json[.gz]`: scores the path validator on x509-limbo (https://x509-limbo.com) and fails below
 * the recorded floor, see expectations.ts.
 */
import { readLimbo } from './limbo.ts';
import { formatScore, scoreCases, shortfalls } from './score.ts';

const [path] = process.argv.slice(2);
if (path === undefined) {
  console.error('usage: npm run conformance -- limbo.json[.gz]');
  process.exit(2);
}
const cases = readLimbo(path);
const score = scoreCases(cases, Date.now());
console.log(formatScore(score));
const problems = shortfalls(
  score,
  cases.map(({ id }) => id),
);
for (const problem of problems) console.error(`below the floor: ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;
