/**
 * `npm run demo -- --renew`: a CA, a TLS server at two addresses and the real certwatch between them. A certificate that is
 * due is ordered, installed, reloaded and seen at both addresses; then the same with a reload that fails, and the old one
 * is put back. Needs pebble (Debian: `apt install pebble`); with nginx installed, that is the server.
 */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import chalk from 'chalk';
import { oldPebble, type Pebble, startPebble } from '../support/acme/pebble.ts';
import { buildIfStale } from '../support/build.ts';
import { Disposals } from '../support/renew/disposals.ts';
import { nginxProgram, startNginx } from '../support/renew/nginx.ts';
import { NAME, type Stage, stage } from '../support/renew/stage.ts';
import { REPOSITORY } from '../support/repository.ts';

const ADDRESSES = ['127.0.0.1', '127.0.0.2'];

/** Each run ends by its own deadline, long before. */
const KILL_AFTER_MS = 30_000;

interface Scenery {
  readonly here: Stage;
  readonly pebble: Pebble;
  /** Of the server, to be told by SIGHUP. */
  readonly pid: number;
  readonly places: readonly string[];
}

/** @returns the demo's own exit status. */
export async function demoRenew(): Promise<number> {
  if (oldPebble.pebble === undefined || oldPebble['pebble-challtestsrv'] === undefined) {
    print('This demo needs pebble, the CA for tests: apt install pebble');
    return 1;
  }
  await buildIfStale();
  await using all = new Disposals();
  const here = all.use(await stage());
  await here.writeSet(here.live, here.issue({ ageDays: 70 }));
  const pebble = all.use(await startPebble({ programs: oldPebble }));
  const server = await startServer(here, all);
  const scenery: Scenery = { here, pebble, ...server };
  introduce(scenery);
  const problems = await play(scenery);
  print('');
  if (problems.length === 0) {
    print('It all came out as it should. The CA, the server, the keys and the folder are gone again.');
    return 0;
  }
  print(chalk.red.bold('It did not come out as it should:'));
  for (const problem of problems) print(`  ${problem}`);
  return 1;
}

async function startServer(here: Stage, all: Disposals): Promise<{ pid: number; places: readonly string[] }> {
  if (nginxProgram !== undefined) return all.use(await startNginx(here.folder, here.live, ADDRESSES));
  const { pid } = await here.serve(ADDRESSES);
  return { pid, places: ADDRESSES.map((address, i) => `${address}:${here.ports[i]}`) };
}

function introduce({ places }: Scenery): void {
  const server = nginxProgram === undefined ? 'A TLS server' : 'nginx';
  print(
    chalk.bold(`${server} serves ${NAME} at ${places.join(' and ')}, by a certificate that has lived 70 of 90 days.`),
  );
  print('pebble is the CA. certwatch knows both by certwatch.yaml:');
  print('');
}

async function play(scenery: Scenery): Promise<string[]> {
  const problems: string[] = [];
  const expect = async (status: number, ...args: readonly string[]) => {
    const came = await certwatch(scenery, args);
    if (came !== status) problems.push(`certwatch ${args.join(' ')}: exit status ${status} was expected, ${came} came`);
  };
  print(await configure(scenery, `[ kill, -HUP, "${scenery.pid}" ]`));
  await expect(0, 'renew', '--dry-run');
  await expect(0, 'renew', '-v');
  print('');
  print(chalk.bold('Now with a reload that fails:'));
  print('');
  print(await configure(scenery, `{ shell: "echo 'nginx.service: Job failed.'; exit 1" }`));
  await expect(2, 'renew', '--force', '-v');
  await expect(0, 'renew', '--status');
  return problems;
}

async function configure({ here, pebble, places }: Scenery, reload: string): Promise<string> {
  const verify = places.map((place) => `"${place} servername=${NAME} trust=none"`);
  const path = await here.folder.write(
    'certwatch.yaml',
    `state: ./state
resolver: "${pebble.nameServer}"
acme:
  directory: ${pebble.directory}
  ca-file: ${pebble.caFile}
  account: { contact: admin@shop.example, agree-tos: true }
certificates:
  - name: www
    domains: ${NAME}
    challenge: { http-01: { listen: "127.0.0.1:${pebble.httpPort}" } }
    live: ./live
    reload: ${reload}
    verify:
      - ${verify.join('\n      - ')}
    timeout: 15s
`,
  );
  const text = await readFile(path, 'utf8');
  return text.replace(/^/gm, '  ').trimEnd();
}

/** Its report goes straight to this demo's own output, in colour where that is a terminal. */
async function certwatch({ here }: Scenery, args: readonly string[]): Promise<number | null> {
  print('');
  print(chalk.bold(`$ certwatch ${args.join(' ')}`));
  const program = join(REPOSITORY, 'bin', 'certwatch.js');
  const child = spawn(process.execPath, [program, ...args], {
    cwd: here.folder.path,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  clearTimeout(timer);
  return status;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
