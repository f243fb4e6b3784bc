/**
 * STARTTLS against Dovecot: IMAP, POP3, LMTP and ManageSieve.
 */

import { execFileSync } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { describe, expect } from 'vitest';
import { type Daemon, findProgram, startDaemon, testWith } from '../support/acme/daemon.ts';
import { freePort } from '../support/ports.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { expectChain, failureAt, writeIdentity } from './starttls-read.ts';

const dovecot = findProgram('dovecot');
const test = testWith({ dovecot });

type Service = 'imap' | 'pop3' | 'sieve' | 'lmtp';

interface Running extends AsyncDisposable {
  readonly ports: Readonly<Record<Service, number>>;
}

async function start(ssl: 'yes' | 'no'): Promise<Running> {
  const folder = await tempFolder('dovecot');
  await writeIdentity(folder);
  // Its login processes run as somebody else; the keys stay readable by their owner only.
  await chmod(folder.path, 0o711);
  const ports = { imap: await freePort(), pop3: await freePort(), sieve: await freePort(), lmtp: await freePort() };
  const daemon = await startDaemon(dovecot ?? 'dovecot', {
    args: ['-F', '-c', await folder.write('dovecot.conf', configuration(folder, ports, ssl))],
    port: ports.imap,
  });
  return { ports, [Symbol.asyncDispose]: () => end(daemon, folder) };
}

async function end(daemon: Daemon, folder: TempFolder): Promise<void> {
  await daemon.stop();
  await folder.remove();
}

/** The users that the package has made, where the tests run as root (Dovecot's login processes must not); else ourselves. */
function users(): string {
  const { uid, username } = userInfo();
  const group = execFileSync('id', ['-gn']).toString().trim();
  const [internal, login, internalGroup] = uid === 0 ? ['dovecot', 'dovenull', 'dovecot'] : [username, username, group];
  return `
    default_internal_user = ${internal}
    default_login_user = ${login}
    default_internal_group = ${internalGroup}`;
}

/** Everything lies under the folder. */
function configuration(folder: TempFolder, ports: Running['ports'], ssl: string): string {
  const login = (service: string, listener: string, port: number) => `
    service ${service} {
      chroot =
      inet_listener ${listener} { address = 127.0.0.1
        port = ${port}
      }
      inet_listener ${listener}s { port = 0
      }
    }`;
  // Dovecot wants a line of its own for each setting.
  return `
    base_dir = ${folder.at('run')}
    state_dir = ${folder.at('state')}
    log_path = /dev/stderr
    protocols = imap pop3 sieve lmtp
    ${users()}
    ssl = ${ssl}
    ssl_cert = <${folder.at('chain.pem')}
    ssl_key = <${folder.at('key.pem')}
    ssl_dh =
    mail_location = maildir:${folder.at('mail')}
    passdb { driver = static
      args = nopassword=y
    }
    userdb { driver = static
      args = uid=${userInfo().uid} gid=${userInfo().gid} home=${folder.path}
    }
    ${login('imap-login', 'imap', ports.imap)}
    ${login('pop3-login', 'pop3', ports.pop3)}
    ${login('managesieve-login', 'sieve', ports.sieve)}
    service lmtp { inet_listener lmtp { address = 127.0.0.1
        port = ${ports.lmtp}
      }
    }
    service anvil { chroot =
    }
    service stats { chroot =
    }`.replaceAll('{ ', '{\n');
}

describe('Dovecot', () => {
  test('presents its chain by each of its protocols', async () => {
    await using running = await start('yes');
    for (const protocol of ['imap', 'pop3', 'sieve', 'lmtp'] as const) {
      await expectChain(running.ports[protocol], protocol);
    }
  });

  test('does not offer STARTTLS where it has no TLS', async () => {
    await using running = await start('no');
    for (const protocol of ['imap', 'pop3', 'sieve', 'lmtp'] as const) {
      expect(await failureAt(running.ports[protocol], protocol)).toMatchObject({ reason: 'not-offered' });
    }
  });
});
