/**
 * STARTTLS against Exim: SMTP with and without TLS, and a server that turns clients away.
 */

import { chmod, mkdir } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import { findProgram, startDaemon, testWith } from '../support/acme/daemon.ts';
import { freePort } from '../support/ports.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { expectChain, failureAt, writeIdentity } from './starttls-read.ts';

const exim = findProgram('exim4');
const test = testWith({ exim4: exim });

async function start(folder: TempFolder, settings: readonly string[]) {
  await writeIdentity(folder);
  // Exim gives up being root: it reads and writes as its own user.
  await chmod(folder.path, 0o711);
  await mkdir(folder.at('var'));
  await chmod(folder.at('var'), 0o777);
  for (const name of ['key.pem', 'chain.pem']) await chmod(folder.at(name), 0o644);
  const port = await freePort();
  const configuration = [
    `spool_directory = ${folder.at('var', 'spool')}`,
    `log_file_path = ${folder.at('var', '%slog')}`,
    `pid_file_path = ${folder.at('var', 'pid')}`,
    'primary_hostname = mail.shop.example',
    'local_interfaces = 127.0.0.1',
    `daemon_smtp_ports = ${port}`,
    'host_lookup =',
    'keep_environment =',
    `tls_certificate = ${folder.at('chain.pem')}`,
    `tls_privatekey = ${folder.at('key.pem')}`,
    // How we call ourselves must pass where callers are checked.
    'helo_verify_hosts = *',
    ...settings,
  ];
  const args = ['-bdf', '-C', await folder.write('exim.conf', configuration.join('\n'))];
  const daemon = await startDaemon(exim ?? 'exim4', { args, port });
  return { port, [Symbol.asyncDispose]: () => daemon.stop() };
}

describe('Exim', () => {
  test('presents its chain by SMTP', async () => {
    await using folder = await tempFolder('exim');
    await using running = await start(folder, ['tls_advertise_hosts = *']);
    await expectChain(running.port, 'smtp');
  });

  test('does not offer STARTTLS where it has no TLS', async () => {
    await using folder = await tempFolder('exim');
    await using running = await start(folder, ['tls_advertise_hosts =']);
    expect(await failureAt(running.port, 'smtp')).toMatchObject({ reason: 'not-offered' });
  });

  test('turns clients away', async () => {
    await using folder = await tempFolder('exim');
    await using running = await start(folder, ['host_reject_connection = *']);
    const failure = await failureAt(running.port, 'smtp');
    expect(failure).toMatchObject({ reason: 'refused' });
    expect(failure.detail).toMatch(/greeting|554/);
  });
});
