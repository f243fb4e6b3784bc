/**
 * The demo as the README has it run: it ends by itself, well within its time, and finds that all came out as it should.
 */
import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/repository.ts';
import { CLEAN_ENV } from '../support/run-certwatch.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { compare, expectedExitCode } from './expectation.ts';
import { FAULTS } from './faults.ts';
import { FLEET } from './fleet.ts';

interface DemoRun {
  readonly status: number | null;
  readonly output: string;
}

async function runDemo(tmp: string, args: readonly string[]): Promise<DemoRun> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/demo/demo.ts', ...args], {
    cwd: REPOSITORY,
    env: { ...CLEAN_ENV, TMPDIR: tmp },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  return { status, output };
}

const ours = async (tmp: string) => (await readdir(tmp)).filter((name) => name.startsWith('certwatch-'));

describe('npm run demo', () => {
  it.each([
    ['the fleet', [], FLEET],
    ['the faults', ['--faults'], FAULTS],
  ] as const)(
    '%s: comes out as it should, and leaves nothing behind',
    { timeout: 70_000 },
    async (_name, args, fleet) => {
      await using tmp = await tempFolder('demo-test');
      const { status, output } = await runDemo(tmp.path, args);
      expect(output).toContain('Each server was judged as it should be.');
      expect(output).toContain('Exit status 2');
      expect(status).toBe(0);
      for (const { host } of fleet) expect(output).toContain(host);
      // No colour where there is no terminal.
      expect(output).not.toContain('\x1b');
      expect(await ours(tmp.path)).toEqual([]);
    },
  );
});

describe("the demo's own eyes", () => {
  const right = {
    status: 'critical' as const,
    exitCode: 2,
    summary: { targets: FLEET.length, ok: 0, warning: 0, critical: 0, unknown: 0 },
    results: FLEET.map(({ name, expect: expected }) => ({
      target: { name },
      status: expected.status,
      findings: expected.codes.map((code) => ({ code, severity: 'critical' })),
    })),
  };

  it('see that nothing differs', () => {
    expect(compare(FLEET, right)).toEqual([]);
    expect(expectedExitCode(FLEET)).toBe(2);
    expect(expectedExitCode(FLEET.filter((member) => member.expect.status === 'ok'))).toBe(0);
  });

  it('see what differs', () => {
    expect(compare(FLEET, undefined)).toHaveLength(1);
    expect(compare(FLEET, { ...right, results: right.results.slice(1) })).toHaveLength(2);
    const [first, ...others] = right.results;
    expect(compare(FLEET, { ...right, results: [{ ...first!, status: 'unknown' }, ...others] })).toHaveLength(1);
    expect(
      compare(FLEET, { ...right, results: [...others, { ...first!, findings: right.results[3]!.findings }] }),
    ).toEqual(['www: OK was expected, OK expires-soon came']);
  });
});
